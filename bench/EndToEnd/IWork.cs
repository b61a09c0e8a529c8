namespace MarginNet.EndToEnd;

/// <summary>Work on images that can be done again and again, and timed.</summary>
internal interface IWork : IDisposable
{
    /// <summary>Does the work once.</summary>
    /// <returns>The time it took for each image.</returns>
    double SecondsPerImage();
}

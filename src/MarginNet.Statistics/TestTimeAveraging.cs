namespace MarginNet;

/// <summary>The views of an image over which its class scores are averaged, each view scored by the same network.</summary>
public enum TestTimeAveraging
{
    /// <summary>The image alone.</summary>
    None,

    /// <summary>The image and its mirror image.</summary>
    Flip,

    /// <summary>Both, with half of the weight; with the other half both of the image moved by one pixel up and left,
    /// and down and right, what comes in being mirrored at the edge.</summary>
    FlipShift,
}

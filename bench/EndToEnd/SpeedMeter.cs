using System.Diagnostics;

namespace MarginNet.EndToEnd;

/// <summary>Images per second between the first reading after the warm-up and the last one.</summary>
internal sealed class SpeedMeter(int batch)
{
    private (long Images, long Time)? _first;
    private (long Images, long Time) _last;

    public double ImagesPerSecond => _first is { } first && _last.Images > first.Images
        ? (_last.Images - first.Images) / Stopwatch.GetElapsedTime(first.Time, _last.Time).TotalSeconds
        : throw new InvalidOperationException("Too few readings for a speed: expected one at the end of the warm-up and one at the end.");

    /// <summary>Takes a reading after a batch.</summary>
    /// <param name="images">Images done so far, those of the warm-up included.</param>
    public void Read(long images)
    {
        if (images >= Problem.WarmupBatches * batch)
        {
            _last = (images, Stopwatch.GetTimestamp());
            _first ??= _last;
        }
    }
}

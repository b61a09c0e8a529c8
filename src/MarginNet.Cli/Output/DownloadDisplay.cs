using MarginNet.Data;

namespace MarginNet.Cli.Output;

/// <summary>Tells how far a download is, a line for every 10 MB.</summary>
internal sealed class DownloadDisplay(TextWriter error) : IProgress<DownloadProgress>
{
    private const long Interval = 10_000_000;

    private long _next;

    public void Report(DownloadProgress value)
    {
        if (value.Bytes >= _next)
        {
            _next = value.Bytes + Interval;
            error.WriteLine(FormattableString.Invariant($"downloading CIFAR-10: {value.Bytes / 1e6:f0} of {value.Total / 1e6:f0} MB"));
        }
    }
}

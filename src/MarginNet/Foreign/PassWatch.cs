namespace MarginNet.Foreign;

/// <summary>Waits for the end of one pass of a program.</summary>
internal sealed class PassWatch : IDisposable
{
    private readonly Timer? _timer;
    private readonly Lock _gate = new();
    private bool _isEnded;

    public PassWatch(TimeSpan? time, Action stop)
    {
        _timer = time is not { } limit ? null : new Timer(
            _ =>
            {
                lock (_gate)
                {
                    if (!_isEnded)
                    {
                        IsOver = true;
                        stop();
                    }
                }
            },
            null,
            limit,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether the time was over first.</summary>
    public bool IsOver { get; private set; }

    public void Dispose()
    {
        lock (_gate)
        {
            _isEnded = true;
        }

        _timer?.Dispose();
    }
}

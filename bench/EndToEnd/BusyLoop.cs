namespace MarginNet.EndToEnd;

/// <summary>A thread that computes until it is disposed: a neighbour that takes one core of the machine.</summary>
internal sealed class BusyLoop : IDisposable
{
    private readonly Thread _thread;
    private volatile bool _stop;

    public BusyLoop()
    {
        _thread = new(() =>
        {
            while (!_stop)
            {
                Thread.SpinWait(1000);
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }
}

namespace MarginNet.Cli.Output;

/// <summary>Says what is being done where it takes longer than a moment, so that nobody wonders.</summary>
internal sealed class SlowNote : IDisposable
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromSeconds(0.5);

    private readonly Timer _timer;

    /// <param name="error">Where to say it.</param>
    /// <param name="text">What is being done.</param>
    /// <param name="delay">How long it may take unsaid; null, the default, for half a second on a terminal; a log is told nothing.</param>
    public SlowNote(TextWriter error, string text, TimeSpan? delay = null)
    {
        var writer = TextWriter.Synchronized(error);
        var due = delay ?? (error == Console.Error && !Console.IsErrorRedirected ? OnTerminal : Timeout.InfiniteTimeSpan);
        _timer = new(_ => writer.WriteLine(text), null, due, Timeout.InfiniteTimeSpan);
    }

    /// <summary>It is done.</summary>
    public void Dispose() => _timer.Dispose();
}

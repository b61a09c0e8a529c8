using System.Diagnostics;
using System.Globalization;

namespace MarginNet.Cli.Output;

/// <summary>Tells how far a piece of work is and how long it will take: nothing of one of a few seconds,
/// then a line now and then.</summary>
internal sealed class CountDisplay : IProgress<int>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly TextWriter _error;
    private readonly string _done;
    private readonly string _things;
    private readonly int _count;
    private readonly Func<TimeSpan> _elapsed;
    private TimeSpan _next = Interval;

    /// <param name="error">Where to tell it.</param>
    /// <param name="done">What is done with each, such as "scored".</param>
    /// <param name="things">What they are, such as "images".</param>
    /// <param name="count">How many there are.</param>
    /// <param name="elapsed">The time since the start; null for a clock that starts now.</param>
    public CountDisplay(TextWriter error, string done, string things, int count, Func<TimeSpan>? elapsed = null)
    {
        var watch = Stopwatch.StartNew();
        (_error, _done, _things, _count, _elapsed) = (error, done, things, count, elapsed ?? (() => watch.Elapsed));
    }

    public void Report(int value)
    {
        var elapsed = _elapsed();
        if (elapsed < _next || value <= 0 || value >= _count)
        {
            return;
        }

        _next = elapsed + Interval;
        var left = elapsed * ((double)(_count - value) / value);
        _error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{_done} {value} of {_count} {_things}, {left:h\\:mm\\:ss} left"));
    }

    /// <summary>The same items, each reported when the next is asked for.</summary>
    public IEnumerable<T> Watch<T>(IEnumerable<T> items)
    {
        var done = 0;
        foreach (var item in items)
        {
            yield return item;
            Report(++done);
        }
    }
}

using System.Diagnostics;

namespace MarginNet.EndToEnd;

/// <summary>Something that may make work faster: the same work with it and without it.</summary>
/// <param name="Phase">The work: training or scoring.</param>
/// <param name="Name">The lever, against what it replaces.</param>
/// <param name="With">Prepares the work with the lever.</param>
/// <param name="Without">Prepares the work without it.</param>
internal sealed record Lever(string Phase, string Name, Func<IWork> With, Func<IWork> Without)
{
    private const double MaxSeconds = 15; // A lever that slows work tenfold shows it in one round.

    /// <summary>Does both in turns, who goes first changing from round to round.</summary>
    /// <returns>The ratio of the speeds, with to without, of each round; and that of the fastest of all rounds,
    /// which is the steadiest on a busy machine.</returns>
    public (double[] Ratios, double OfFastest) Measure(int rounds)
    {
        using var with = With();
        using var without = Without();
        var times = new List<(double With, double Without)>();
        var start = Stopwatch.GetTimestamp();
        do
        {
            if (times.Count % 2 == 0)
            {
                var first = with.SecondsPerImage();
                times.Add((first, without.SecondsPerImage()));
            }
            else
            {
                var first = without.SecondsPerImage();
                times.Add((with.SecondsPerImage(), first));
            }
        }
        while (times.Count < rounds && Stopwatch.GetElapsedTime(start).TotalSeconds < MaxSeconds);

        return ([.. times.Select(time => time.Without / time.With)], times.Min(time => time.Without) / times.Min(time => time.With));
    }
}

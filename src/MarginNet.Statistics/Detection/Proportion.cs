using MathNet.Numerics.Distributions;

namespace MarginNet.Detection;

/// <summary>A share of counted samples, such as a false-positive rate.</summary>
/// <param name="Count">Number of samples that count, in [0, <paramref name="Total"/>].</param>
/// <param name="Total">Number of samples.</param>
public readonly record struct Proportion(int Count, int Total)
{
    /// <summary>The share, in [0, 1]; NaN of no samples.</summary>
    public double Rate => (double)Count / Total;

    /// <summary>
    /// Computes the exact interval of Clopper and Pearson (1934): the probabilities under which neither so many nor so
    /// few counts are rarer than (1 − level)/2.
    /// Its coverage is never below the level.
    /// </summary>
    /// <param name="level">Confidence level, in (0, 1). Default 0.95.</param>
    /// <returns>The interval, within [0, 1].</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="level"/> is out of range.</exception>
    public Interval ExactInterval(double level = 0.95)
    {
        if (level is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(level), level, "Expected a level in (0, 1).");

        var tail = (1 - level) / 2;
        var low = Count == 0 ? 0 : Beta.InvCDF(Count, Total - Count + 1, tail);
        var high = Count == Total ? 1 : Beta.InvCDF(Count + 1, Total - Count, 1 - tail);
        return new Interval(low, high);
    }
}

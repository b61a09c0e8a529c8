using System.Globalization;
using MarginNet.Detection;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace MarginNet.Cli.Reproduction;

/// <summary>A share with a 95 % interval: exact (Clopper-Pearson) from the samples of one network,
/// or Student's t over several seeds.</summary>
internal sealed record Estimate(double Value, Interval Interval, int Seeds)
{
    private const double Level = 0.95;

    /// <summary>Estimates from one proportion for each seed, at least one.</summary>
    public static Estimate Of(IReadOnlyList<Proportion> shares)
    {
        if (shares is [var only])
        {
            return new(only.Rate, only.ExactInterval(Level), 1);
        }

        double[] rates = [.. shares.Select(share => share.Rate)];
        var mean = rates.Average();
        var half = StudentT.InvCDF(0, 1, rates.Length - 1, (1 + Level) / 2) * rates.StandardDeviation() / Math.Sqrt(rates.Length);
        return new(mean, new(mean - half, mean + half), rates.Length);
    }

    /// <summary>What the intervals are, in words.</summary>
    public static string Describe(int seeds) => seeds == 1
        ? "exact 95 % intervals (Clopper-Pearson) over the samples of one training"
        : string.Create(CultureInfo.InvariantCulture, $"mean and 95 % interval (Student's t) over {seeds} seeds");

    /// <summary>The interval in percent, such as <c>[86.02, 87.36]</c>, or over several seeds <c>± 0.31</c>.</summary>
    public string IntervalText => Seeds == 1
        ? string.Create(CultureInfo.InvariantCulture, $"[{100 * Interval.Low:f2}, {100 * Interval.High:f2}]")
        : string.Create(CultureInfo.InvariantCulture, $"± {100 * (Interval.High - Value):f2}");

    /// <summary>Percent with the interval, such as <c>86.70 % [86.02, 87.36]</c> or <c>86.70 % ± 0.31</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{100 * Value:f2} % {IntervalText}");
}

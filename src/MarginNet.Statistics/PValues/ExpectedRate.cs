using System.Collections.Immutable;
using MarginNet.Detection;
using MathNet.Numerics.Distributions;

namespace MarginNet.PValues;

/// <summary>
/// The share of fresh right decisions that a rule flags. It varies with the calibration samples:
/// the share of typical margins below the j-th of n is Beta(j, n + 1 − j) (Vovk 2012), whatever the distribution of the margins.
/// </summary>
/// <param name="Mean">Its mean over calibrations of this size, in [0, 1].</param>
/// <param name="Interval">The central 95 % of it.</param>
/// <param name="Classes">By class, shape [C], the 95 % interval of the share of its own right decisions that are flagged; [0,
/// 1] of a class without samples.</param>
/// <param name="SmallestPValues">By class, shape [C], the smallest p-value that a sample can have:
/// a threshold below it never flags a decision for the class.</param>
public sealed record ExpectedRate(double Mean, Interval Interval, ImmutableArray<Interval> Classes, ImmutableArray<double> SmallestPValues)
{
    private const double Level = 0.95;

    /// <summary>Computes the rate of a rule that was chosen on the calibration samples alone,
    /// by <see cref="FlagRule.Calibrate(MarginNullModel, double, NullKind, PValueTail)"/> or a number.</summary>
    /// <param name="model">The calibrated model.</param>
    /// <param name="rule">The rule; its counts are not used.</param>
    /// <returns>The rate, if the calibration samples are as fresh ones are: kept out of training.</returns>
    public static ExpectedRate Compute(MarginNullModel model, FlagRule rule)
    {
        var classes = Enumerable.Range(0, model.Classes.Length);
        var flagged = classes.Select(c => new Proportion(CountFlagged(model, rule, c), model.Classes[c].SampleCount)).ToArray();
        var (mean, variance) = Moments(model, rule, flagged);
        return new ExpectedRate(
            mean,
            Central(mean, variance),
            [.. flagged.Select(share => share.Total == 0 ? new Interval(0, 1) : share.ExactInterval(Level))],
            [.. classes.Select(c => model.SmallestPValue(c, rule.Null, rule.Tail))]);
    }

    /// <summary>The number of a class's calibration samples that are at or below where it is flagged,
    /// itself not counted among them.</summary>
    private static int CountFlagged(MarginNullModel model, FlagRule rule, int @class)
    {
        var count = 0;
        foreach (var margin in model.Classes[@class].Margins)
            count += rule.Flags(model.Score(margin, @class, rule.Null)) ? 1 : 0;

        return count;
    }

    private static (double Mean, double Variance) Moments(MarginNullModel model, FlagRule rule, Proportion[] flagged)
    {
        var total = model.Pooled.SampleCount;
        if (rule.Null == NullKind.Pooled || rule.Tail is PValueTail.Formula or PValueTail.Mixture)
        {
            var share = rule.Tail is PValueTail.Formula or PValueTail.Mixture
                ? (flagged.Sum(own => own.Count) + 1.0) / (total + 1)
                : Attained(rule.Threshold.Value, model.Pooled, rule.Tail);
            return (share, share * (1 - share) / (total + 2));
        }

        // Classes that are scored by the pooled distribution vary together with it.
        var (mean, variance, pooledDeviation) = (0.0, 0.0, 0.0);
        for (var c = 0; c < flagged.Length; c++)
        {
            var own = model.Classes[c].Distribution;
            var share = Attained(model.ClassThreshold(rule, c), own, rule.Tail);
            var weight = (double)flagged[c].Total / total;
            var deviation = weight * Math.Sqrt(share * (1 - share) / (own.SampleCount + 2));
            mean += weight * share;
            variance += model.Classes[c].IsPooled ? 0 : deviation * deviation;
            pooledDeviation += model.Classes[c].IsPooled ? deviation : 0;
        }

        return (mean, variance + (pooledDeviation * pooledDeviation));
    }

    /// <summary>The share of typical margins with a p-value of at most a threshold: the threshold, where p-values are interpolated,
    /// and else the step below.</summary>
    private static double Attained(double threshold, NullDistribution own, PValueTail tail)
    {
        var places = own.SampleCount + 1.0;
        var tails = tail == PValueTail.TwoSided ? 2 : 1;
        var inTail = Math.Clamp(threshold, 0, 1) / tails;
        if (tail != PValueTail.Extrapolated && inTail * (1 + DetectionThreshold.Rounding) < own.SmallestPValue)
            return 0;

        return own.IsStepped || tail == PValueTail.Empirical
            ? tails * Math.Floor(inTail * places * (1 + DetectionThreshold.Rounding)) / places
            : tails * inTail;
    }

    /// <summary>The central part of the Beta distribution of these moments, which the shares of one class have exactly.</summary>
    private static Interval Central(double mean, double variance)
    {
        if (variance == 0)
            return new Interval(mean, mean);

        var concentration = (mean * (1 - mean) / variance) - 1;
        var (a, b) = (mean * concentration, (1 - mean) * concentration);
        return new Interval(Beta.InvCDF(a, b, (1 - Level) / 2), Beta.InvCDF(a, b, (1 + Level) / 2));
    }
}

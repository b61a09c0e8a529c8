using System.Collections.Immutable;
using MathNet.Numerics.Statistics;

namespace MarginNet.Evaluation;

/// <summary>The margin below which a share of the samples lies.</summary>
/// <param name="Level">The share, in [0, 1].</param>
/// <param name="Margin">The margin, in logits.</param>
public readonly record struct MarginQuantile(double Level, double Margin)
{
    /// <summary>Computes quantiles by linear interpolation of the sorted margins, at (N − 1)·level,
    /// as <c>numpy.quantile</c> does.</summary>
    internal static ImmutableArray<MarginQuantile> Compute(double[] margins, ImmutableArray<double> levels)
    {
        double[] sorted = [.. margins.Order()];
        return [.. levels.Select(
            level => new MarginQuantile(level, SortedArrayStatistics.QuantileCustom(sorted, level, QuantileDefinition.R7)))];
    }
}

using System.Collections.Immutable;

namespace MarginNet.Training;

/// <summary>The dual weights λ ≥ 0, one for each training sample; immutable.</summary>
/// <remarks>
/// They are doubles, and normalised to mean 1 after each update unless asked otherwise: only their ratios steer the training
/// (Adam is blind to a common factor altogether), and repeated multiplication would overflow a float after 128 doublings.
/// </remarks>
public sealed class DualWeights
{
    private DualWeights(ImmutableArray<double> values) => Values = values;

    /// <summary>λ of every sample.</summary>
    public ImmutableArray<double> Values { get; }

    /// <summary>Step 0: λ = 1 for every sample.</summary>
    /// <param name="count">The number of samples.</param>
    public static DualWeights Ones(int count) => new([.. Enumerable.Repeat(1.0, count)]);

    /// <summary>The λ of a kept state.</summary>
    internal static DualWeights Restore(double[] values) => new([.. values]);

    /// <summary>Step 3: applies an update to every sample, then the normalisation and the cap.</summary>
    /// <param name="update">The rule for one sample.</param>
    /// <param name="margins">The labelled margin of every sample.</param>
    /// <param name="targetMargins">The prescribed margin μ of every sample.</param>
    /// <param name="normalize">Whether to divide by the mean afterwards, so that the step size keeps its meaning. Default true.</param>
    /// <param name="cap">The largest λ, applied last; infinity, the default, for none.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public DualWeights Update(
        DualUpdate update, ReadOnlySpan<double> margins, ReadOnlySpan<double> targetMargins, bool normalize = true,
        double cap = double.PositiveInfinity)
    {
        if (margins.Length != Values.Length || targetMargins.Length != Values.Length)
        {
            throw new ArgumentException(
                $"Expected {Values.Length} margins and targets, one for each weight, but got {margins.Length} and {targetMargins.Length}.",
                nameof(margins));
        }

        var next = new double[Values.Length];
        for (var i = 0; i < next.Length; i++)
        {
            next[i] = update.Apply(Values[i], margins[i], targetMargins[i]);
        }

        var mean = normalize ? next.Average() : 1;
        var scale = mean > 0 ? 1 / mean : 1; // All zero: every constraint is slack, and nothing is left to normalise.
        return new([.. next.Select(weight => Math.Min(weight * scale, cap))]);
    }
}

using System.Collections.Immutable;

namespace MarginNet.Training;

/// <summary>A training sample whose margin is below the prescribed one.
/// With infeasible constraints these are often the mislabelled ones.</summary>
/// <param name="Index">The sample's index in the training set.</param>
/// <param name="Margin">Its labelled margin; negative where it is misclassified.</param>
/// <param name="TargetMargin">The margin μ prescribed for it.</param>
/// <param name="DualWeight">Its λ in the last round.</param>
public readonly record struct ConstraintViolation(int Index, double Margin, double TargetMargin, double DualWeight)
{
    /// <summary>By how much the margin falls short, μ − margin > 0.</summary>
    public double Shortfall => TargetMargin - Margin;
}

/// <summary>Which margin constraints hold after a round, step 2 of section III.</summary>
/// <param name="Total">The number of constraints, one for each training sample.</param>
/// <param name="Violations">Those not met, the largest shortfall first.</param>
public sealed record ConstraintReport(int Total, ImmutableArray<ConstraintViolation> Violations)
{
    /// <summary>The number of constraints met.</summary>
    public int Met => Total - Violations.Length;

    /// <summary>Whether every constraint is met, so that the outer loop stops.</summary>
    public bool AllMet => Violations.IsEmpty;

    /// <summary>Compares each margin with its target.</summary>
    /// <param name="margins">The labelled margin of every sample.</param>
    /// <param name="targetMargins">The prescribed margin μ of every sample.</param>
    /// <param name="weights">λ of every sample.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static ConstraintReport Check(ReadOnlySpan<double> margins, ReadOnlySpan<double> targetMargins, DualWeights weights)
    {
        if (margins.Length != targetMargins.Length || margins.Length != weights.Values.Length)
        {
            throw new ArgumentException(
                $"Expected as many margins as targets and weights, but got {margins.Length}, "
                + $"{targetMargins.Length} and {weights.Values.Length}.", nameof(margins));
        }

        var violations = new List<ConstraintViolation>();
        for (var i = 0; i < margins.Length; i++)
        {
            if (!(margins[i] >= targetMargins[i]))
            {
                violations.Add(new(i, margins[i], targetMargins[i], weights.Values[i]));
            }
        }

        return new(
            margins.Length, [.. violations.OrderByDescending(violation => violation.Shortfall).ThenBy(violation => violation.Index)]);
    }
}

using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>A set of inputs and outputs that must not occur together: unsafe where x is in [Lower, Upper] and some conjunction of rows
/// a·y ≤ b holds.</summary>
/// <param name="Lower">The least of each input, shape [inputs].</param>
/// <param name="Upper">The largest of each input, shape [inputs].</param>
/// <param name="Unsafe">The conjunctions, any of which is unsafe.</param>
public sealed record Query(ImmutableArray<double> Lower, ImmutableArray<double> Upper, ImmutableArray<Conjunction> Unsafe)
{
    /// <summary>Whether an input is in the box and its outputs are unsafe.</summary>
    /// <param name="input">The input x, shape [inputs].</param>
    /// <param name="outputs">The outputs y, shape [outputs].</param>
    public bool IsViolatedBy(ReadOnlySpan<double> input, ReadOnlySpan<double> outputs)
    {
        for (var i = 0; i < input.Length; i++)
        {
            if (!(input[i] >= Lower[i] && input[i] <= Upper[i]))
            {
                return false;
            }
        }

        foreach (var conjunction in Unsafe)
        {
            if (conjunction.Excess(outputs) <= 0)
            {
                return true;
            }
        }

        return false;
    }
}

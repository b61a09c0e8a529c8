using System.Collections.Immutable;

namespace MarginNet.Verification;

/// <summary>Rows a·y ≤ b of the outputs that hold together.</summary>
/// <param name="Weights">The rows a, shape [rows][outputs].</param>
/// <param name="Limits">Their limits b, shape [rows].</param>
public sealed record Conjunction(ImmutableArray<ImmutableArray<double>> Weights, ImmutableArray<double> Limits)
{
    /// <summary>The largest a·y − b of the rows: they hold together where that is at most 0.</summary>
    /// <param name="outputs">The outputs y, shape [outputs].</param>
    public double Excess(ReadOnlySpan<double> outputs)
    {
        var excess = double.NegativeInfinity;
        for (var row = 0; row < Weights.Length; row++)
        {
            var weights = Weights[row].AsSpan();
            var sum = -Limits[row];
            for (var i = 0; i < weights.Length; i++)
            {
                sum += weights[i] == 0 ? 0 : weights[i] * outputs[i];
            }

            excess = double.IsNaN(sum) ? double.PositiveInfinity : Math.Max(excess, sum);
        }

        return excess;
    }
}

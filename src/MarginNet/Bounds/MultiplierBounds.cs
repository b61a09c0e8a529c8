using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Bounds of a chain by LipSDP's multipliers, optimised for all scores together, for each, and for each difference of
/// two.</summary>
internal static class MultiplierBounds
{
    /// <summary>The most hidden units; of longer chains the end that has no more counts, times the norms of the matrices before.</summary>
    public const int MaxUnits = 320;

    private const double MaxRefinedWork = 2e7; // Programs times the cube of their units: a second or so.
    private const double MaxProofWork = 2e9;
    private const double ProofOverhead = 5e5; // Of one proof, in the same measure.
    private const double Margin = 1e-7; // Of ρ, for what the multipliers' own rounding takes.
    private const double Accuracy = 1e-6; // Of ρ.
    private const double RoughAccuracy = 0.5;
    private const double Room = 1.1;

    /// <summary>The constants; null for a chain of one matrix, a constant one, and one whose last hidden layer is too large.</summary>
    /// <param name="weights">W₁, …, W_m, each hidden unit's weights on both sides of about the same size.</param>
    public static ScoreConstants? Compute(IReadOnlyList<BoundedMatrix> weights)
    {
        var (start, units) = (weights.Count - 1, 0L);
        while (start > 0 && units + weights[start - 1].Rows <= MaxUnits)
        {
            units += weights[--start].Rows;
        }

        if (units == 0)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var exponents = weights.Skip(start).Select(weight => PowerOfTwo.Exponent(weight.Value)).ToArray();
        BoundedMatrix[] chain = [.. weights.Skip(start).Select((weight, k) => weight.TimesPowerOfTwo(-exponents[k]))];
        var prefix = weights.Take(start).Aggregate(new UpperBound(1), (product, weight) => product * weight.Norm());
        return chain.All(weight => weight.Frobenius is > 0 and < double.PositiveInfinity)
            ? Bound(chain).TimesPowerOfTwo(exponents.Sum()).Times(prefix.Value)
            : null;
    }

    private static ScoreConstants Bound(BoundedMatrix[] chain)
    {
        var (hidden, last) = (chain[..^1], chain[^1]);
        var program = new MultiplierProgram([.. hidden.Select(weight => weight.Value)]);
        var rough = program.Minimize(last.Value.unsqueeze(0), Start(chain), RoughAccuracy);
        var together = program.Minimize(last.Value.unsqueeze(0), rough, Accuracy);
        var euclidean = Prove(chain, together, 0);

        var rows = new List<(int First, int Second, BoundedMatrix Row)>();
        var classes = (int)last.Rows;
        var work = Math.Pow(hidden.Sum(weight => weight.Rows), 3);
        for (var i = 0; i < classes; i++)
        {
            rows.Add((i, i, new(last.Value[i].unsqueeze(0), last.Error)));
        }

        var isPaired = ((work + ProofOverhead) * classes * classes / 2) <= MaxProofWork;
        for (var i = 0; i + 1 < classes && isPaired; i++)
        {
            for (var j = i + 1; j < classes; j++)
            {
                rows.Add((i, j, Difference(last, i, j)));
            }
        }

        var outputs = stack([.. rows.Select(row => row.Row.Value)]);
        var each = program.Restrict(together, outputs);
        if (work * rows.Count <= MaxRefinedWork)
        {
            // Near the end of a path the boundary is too near for a start.
            each = program.Minimize(outputs, program.Restrict(rough, outputs).Times(Room), Accuracy);
        }

        var scores = new double[classes];
        var pairs = ScoreConstants.OfEach(Enumerable.Repeat(double.PositiveInfinity, classes).ToArray()).Pairs;
        for (var k = 0; k < rows.Count; k++)
        {
            var (i, j, row) = rows[k];
            var bound = Prove([.. hidden, row], each, k);
            if (i == j)
            {
                scores[i] = bound;
            }
            else
            {
                pairs[i, j] = pairs[j, i] = bound;
            }
        }

        return new(euclidean, scores, pairs, "LipSDP");
    }

    /// <summary>Those by which the product of the layers' norms is a bound, with room around them.</summary>
    private static Multipliers Start(BoundedMatrix[] chain)
    {
        var units = new List<Tensor>();
        var bound = 1.0;
        for (var k = chain.Length - 1; k >= 0; k--)
        {
            var norm = chain[k].Norm().Value;
            bound *= 1.5 * norm * norm;
            if (k > 0)
            {
                units.Insert(0, ones([1, chain[k - 1].Rows], ScalarType.Float64).Times(bound));
            }
        }

        return new(cat(units, 1), tensor(new[] { bound }), tensor(new[] { bound }));
    }

    private static BoundedMatrix Difference(BoundedMatrix matrix, int first, int second)
    {
        var difference = new BoundedMatrix((matrix.Value[first] - matrix.Value[second]).unsqueeze(0), 0);
        return difference with
        {
            Error = Rounding.SumUp(
                Rounding.ProductUp(matrix.Error, 1.4142135623730952), Rounding.ProductUp(difference.Frobenius, 2 * Rounding.Unit)),
        };
    }

    /// <summary>A bound that is proven; +∞ where rounding does not let it.</summary>
    private static double Prove(BoundedMatrix[] chain, Multipliers multipliers, int index)
    {
        using var scope = NewDisposeScope();
        var wider = multipliers.Times(1 + Margin);
        var bound = Math.Sqrt(wider.Bound[index].item<double>());
        if (!(bound > 0 && double.IsFinite(bound)))
        {
            return double.PositiveInfinity;
        }

        var factors = wider.Units[index].reciprocal().Times(bound).sqrt()
            .split([.. chain.Take(chain.Length - 1).Select(weight => weight.Rows)]);
        return MultiplierProof.Holds(chain, factors, bound) ? bound : double.PositiveInfinity;
    }
}

using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Bounds of a whole chain W_m φ(W_{m−1} … φ(W₁x)) with gates φ, which see more than the product of the layers' norms.</summary>
internal static class DenseBounds
{
    private const int MaxDepth = 16; // The number of merged blocks grows with its square,
    private const int MaxClasses = 128; // and that of the pairs of classes likewise.
    private const int BalancingSweeps = 20;
    private const double MaxFactor = 1e150; // Quotients of two are numbers with all their digits.
    private const double DeadUnit = 1e-24; // A unit without weights on one side gets a large factor, not an infinite one.

    /// <summary>Every bound that is affordable, the last matrix being the scores'.</summary>
    public static IEnumerable<ScoreConstants> Compute(List<BoundedMatrix> weights)
    {
        if (weights.Count == 1)
        {
            yield return ScoreConstants.Of(weights[0], "matrix");
        }

        if (weights.Count is < 2 or > MaxDepth)
        {
            yield break;
        }

        var balanced = Balance(weights);
        yield return Product(balanced);
        if (MultiplierBounds.Compute(balanced) is { } multipliers)
        {
            yield return multipliers;
        }

        yield return Centered(weights, "half gates");
        yield return Centered(balanced, "half gates, balanced");
        if (weights[^1].Rows <= MaxClasses)
        {
            yield return Absolute(weights);
        }
    }

    /// <summary>
    /// A gate is D = ½(I + R) with ‖R‖ ≤ 1, so the product W_m D … D W₁ is the mean of 2^(m−1) products
    /// in which each gate is either passed or a cut, and a cut costs a product of norms (Combettes and Pesquet, 2020).
    /// Summed by the place of the last cut: with Θ_j the bound of the first j layers,
    /// Θ_j = 2^(1−j)‖W_j…W₁‖ + Σ over k of Θ_k 2^(k−j) ‖W_j…W_{k+1}‖.
    /// </summary>
    internal static ScoreConstants Centered(List<BoundedMatrix> weights, string method)
    {
        using var scope = NewDisposeScope();
        var sums = new double[weights.Count];
        for (var j = 1; j < weights.Count; j++)
        {
            var block = weights[j - 1];
            for (var k = j - 1; k >= 0; k--)
            {
                var share = k == 0 ? Math.ScaleB(1, 1 - j) : Rounding.ProductUp(sums[k], Math.ScaleB(1, k - j));
                sums[j] = Rounding.SumUp(sums[j], Rounding.ProductUp(block.Norm().Value, share));
                block = k > 0 ? block * weights[k - 1] : block;
            }
        }

        var last = weights[^1];
        ScoreConstants? total = null;
        for (var k = weights.Count - 1; k >= 0; k--)
        {
            var share = k == 0 ? Math.ScaleB(1, 1 - weights.Count) : Rounding.ProductUp(sums[k], Math.ScaleB(1, k - weights.Count));
            var part = ScoreConstants.Of(last, method).Times(share);
            total = total?.Plus(part) ?? part;
            last = k > 0 ? last * weights[k - 1] : last;
        }

        return total!;
    }

    /// <summary>|W_m D … D W₁| ≤ |W_m| … |W₁| entry by entry, and the norm of a nonnegative matrix grows with its entries.</summary>
    internal static ScoreConstants Absolute(List<BoundedMatrix> weights)
    {
        using var scope = NewDisposeScope();
        var hidden = weights.Take(weights.Count - 1).Select(weight => weight.Abs()).Aggregate((product, weight) => weight * product);
        var last = weights[^1];
        var all = last.Abs() * hidden;
        var constants = ScoreConstants.Of(all, "nonnegative");
        for (var i = 0; i + 1 < (int)last.Rows; i++)
        {
            using var row = NewDisposeScope();
            var differences = new BoundedMatrix((last.Value[i] - last.Value[(i + 1)..]).abs(), 0);
            differences = differences with
            {
                Error = Rounding.SumUp(
                    Rounding.ProductUp(last.Error, 1.5 * last.Rows), Rounding.ProductUp(differences.Frobenius, 2 * Rounding.Unit)),
            };
            var product = differences * hidden;
            var norms = ScoreConstants.RowNorms(product.Value, product.Error);
            for (var j = i + 1; j < (int)last.Rows; j++)
            {
                constants.Pairs[i, j] = constants.Pairs[j, i] = norms[j - i - 1];
            }
        }

        return constants;
    }

    private static ScoreConstants Product(List<BoundedMatrix> weights)
    {
        var hidden = weights.Take(weights.Count - 1).Aggregate(new UpperBound(1), (product, weight) => product * weight.Norm());
        return ScoreConstants.Of(weights[^1], "product, balanced").Times(hidden.Value);
    }

    /// <summary>
    /// Gates are diagonal, D = TDT⁻¹, so every hidden unit may be divided by a factor and multiplied back behind it. Factors that
    /// give its row before and its column behind the same norm make products of norms smaller.
    /// </summary>
    private static List<BoundedMatrix> Balance(List<BoundedMatrix> weights)
    {
        var values = weights.Select(weight => weight.Value).ToArray();
        var factors = weights.Select(weight => ones(weight.Rows, dtype: ScalarType.Float64)).ToArray();
        for (var sweep = 0; sweep < BalancingSweeps; sweep++)
        {
            for (var k = 0; k + 1 < values.Length; k++)
            {
                var (rows, columns) = (values[k].Squared().sum([1]), values[k + 1].Squared().sum([0]));
                var ratio = ((rows + (DeadUnit * rows.mean()) + double.Epsilon)
                    / (columns + (DeadUnit * columns.mean()) + double.Epsilon)).Power(0.25);
                (values[k], values[k + 1]) = (values[k] / ratio.unsqueeze(1), values[k + 1] * ratio);
                factors[k] *= ratio;
            }
        }

        // The factors are any positive numbers; only applying them is rounded.
        factors = Array.ConvertAll(factors, factor => factor.nan_to_num(1).clamp(1 / MaxFactor, MaxFactor));
        return [.. weights.Select((weight, k) => weight.Rescaled(factors[k], k == 0 ? null : factors[k - 1]))];
    }
}

using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// Upper bounds of spectral norms by Gram iteration (Delattre et al., 2023): G ← GG*/s² squares the singular values, and the
/// Frobenius norm of the k-th iterate, to the power 2⁻ᵏ, is the Schatten norm of order 2ᵏ⁺¹, never below the spectral one.
/// </summary>
/// <remarks>
/// Rounding is bounded, not hoped away. With G₁ = fl(G₀G₀*) the error of the product has a Frobenius norm of at most
/// γ‖G₀‖²_F, so that ‖G₀‖² ≤ ‖G₁‖ + γ‖G₀‖²_F; the bound is carried back through these inequalities, rounded up. Scales are
/// powers of two, which are exact.
/// </remarks>
internal static class GramIteration
{
    private const int MaxIterations = 40;
    private const double Tolerance = 1e-7; // The decrease of log norms over 1/p is convex: what is left is no more than the last step.
    private const double Underflow = 1e-280; // Above what entries lost below the smallest number come to, for norms about 1.

    /// <summary>A bound of the largest spectral norm in a batch.</summary>
    /// <param name="matrices">Shape [B, m, n], float64 or complex128, finite; not changed.</param>
    /// <param name="needed">A norm below which no sharper bound is of use. Default 0.</param>
    /// <returns>A number that is no smaller than any of the B norms, nor than <paramref name="needed"/>.</returns>
    public static double LargestNorm(Tensor matrices, double needed = 0)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var sizes = FrobeniusNorm.OfEach(matrices);
        if (!Array.TrueForAll(sizes, double.IsFinite) || sizes.Max() <= needed)
        {
            return Math.Max(sizes.Max(), needed);
        }

        var scales = new List<double[]>();
        var errors = new List<double[]>();
        var (current, scale) = Normalize(matrices.shape[1] <= matrices.shape[2] ? matrices : matrices.mH, sizes);
        if (current.shape[1] >= CholeskyNorm.MinSide && Verified(current, scale, needed) is { } verified)
        {
            return verified;
        }

        scales.Add(scale);
        var bounds = Unwind(FrobeniusNorm.OfEach(current), scales, errors);
        var (best, dropped) = (bounds.Max(), 0.0);
        for (var iteration = 0; iteration < MaxIterations && best > 0; iteration++)
        {
            using var step = NewDisposeScope();
            errors.Add(ProductErrors(current));
            var product = current.matmul(current.mH);
            var (next, nextScale) = Normalize(product, FrobeniusNorm.OfEach(product));
            scales.Add(nextScale);
            bounds = [.. Unwind(FrobeniusNorm.OfEach(next), scales, errors).Zip(bounds, Math.Min)];
            var kept = Leading(bounds, next.shape[1], iteration + 1);
            dropped = Math.Max(dropped, Enumerable.Range(0, bounds.Length).Except(kept).Select(i => bounds[i]).DefaultIfEmpty().Max());
            if (kept.Length < bounds.Length)
            {
                next = next.index_select(0, tensor(Array.ConvertAll(kept, i => (long)i)));
                bounds = Pick(bounds, kept);
                scales = [.. scales.Select(values => Pick(values, kept))];
                errors = [.. errors.Select(values => Pick(values, kept))];
            }

            var improved = Math.Max(dropped, bounds.Max());
            var isDone = improved >= best * (1 - Tolerance) && iteration > 2;
            best = Math.Min(best, improved);
            current = next.MoveToOuterDisposeScope();
            if (isDone)
            {
                break;
            }
        }

        return Math.Max(best, needed);
    }

    /// <summary>The largest norm by factorization: all matrices under the largest scale, which is a power of two.</summary>
    private static double? Verified(Tensor normalized, double[] scales, double needed)
    {
        using var scope = NewDisposeScope();
        var largest = scales.Max();
        var together = normalized * tensor(Array.ConvertAll(scales, scale => scale / largest)).reshape(-1, 1, 1);
        return CholeskyNorm.TryBound(together, ProductErrors(together).Max(), needed / largest) is { } bound
            ? Rounding.ProductUp(bound, largest)
            : null;
    }

    /// <summary>Divides each matrix by a power of two near its norm, so that no iterate overflows.</summary>
    private static (Tensor Matrices, double[] Scales) Normalize(Tensor matrices, double[] norms)
    {
        var scales = Array.ConvertAll(norms, PowerOfTwo.Below);
        return (matrices * tensor(Array.ConvertAll(scales, scale => 1 / scale)).reshape(-1, 1, 1), scales);
    }

    /// <summary>What the rounding of G·G* may come to; a complex product has four real ones,
    /// with room for other ways to form them.</summary>
    private static double[] ProductErrors(Tensor matrices)
    {
        var gamma = Rounding.Gamma((matrices.is_complex() ? 8 : 1) * (matrices.shape[2] + 4));
        return Array.ConvertAll(
            FrobeniusNorm.OfEach(matrices), norm => Rounding.ProductUp(Rounding.ProductUp(norm, norm), gamma) + Underflow);
    }

    /// <summary>From norms of the last iterates back to those of the first matrices.</summary>
    private static double[] Unwind(double[] norms, List<double[]> scales, List<double[]> errors)
    {
        for (var k = errors.Count; k >= 1; k--)
        {
            for (var i = 0; i < norms.Length; i++)
            {
                norms[i] = Rounding.RootUp(Rounding.SumUp(Rounding.ProductUp(norms[i], scales[k][i]), errors[k - 1][i]));
            }
        }

        return [.. norms.Zip(scales[0], Rounding.ProductUp)];
    }

    /// <summary>The matrices whose norm may still be the largest: a Schatten norm exceeds the spectral one by
    /// a factor of at most r^(2⁻ᵏ⁻¹).</summary>
    private static int[] Leading(double[] bounds, long rank, int iterations)
    {
        var floor = bounds.Max() / Math.Pow(rank, Math.ScaleB(1, -iterations - 1)) * (1 - Tolerance);
        return [.. Enumerable.Range(0, bounds.Length).Where(i => bounds[i] >= floor)];
    }

    private static double[] Pick(double[] values, int[] indices) => Array.ConvertAll(indices, i => values[i]);
}

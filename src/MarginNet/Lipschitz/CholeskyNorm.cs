using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Upper bounds of the spectral norms of larger matrices, several times sooner than by Gram iteration: power iteration guesses λ from
/// below, and a Cholesky factorization of c·I − AA* with c slightly above λ² that succeeds proves ‖A‖² ≤ c, up to its rounding.
/// </summary>
/// <remarks>
/// Where the factorization of H ends, H + E is positive semidefinite with ‖E‖ ≤ γₙ₊₁ tr H (Demmel, 1989; Rump, 2006), real or complex up
/// to the constant in γ. The guess needs no proof: a wrong one makes the factorization fail.
/// </remarks>
internal static class CholeskyNorm
{
    /// <summary>The side from which on it pays.</summary>
    public const long MinSide = 48;

    private const int PowerSteps = 60;
    private const double MinExcess = 1e-6;
    private const double MaxExcess = 0.05;

    /// <summary>A bound of the largest spectral norm in a batch.</summary>
    /// <param name="matrices">Shape [B, m, n] with m ≤ n, float64 or complex128, finite, with a largest Frobenius norm of about 1.</param>
    /// <param name="rounding">What the rounding of AA* may come to, in the Frobenius norm.</param>
    /// <returns>The bound; null where no factorization ended.</returns>
    public static double? TryBound(Tensor matrices, double rounding)
    {
        using var scope = NewDisposeScope();
        var gram = matrices.matmul(matrices.mH);
        var (side, guess) = (gram.shape[1], LargestEigenvalue(gram));
        var (failed, excess) = (guess, MinExcess);
        while (guess > 0 && excess < MaxExcess && !IsAbove(guess * (1 + excess), gram))
        {
            (failed, excess) = (guess * (1 + excess), 4 * excess);
        }

        if (guess == 0 || excess >= MaxExcess)
        {
            return null;
        }

        var proven = guess * (1 + excess);
        while (proven > failed * (1 + (2 * MinExcess)))
        {
            var middle = (failed + proven) / 2;
            (failed, proven) = IsAbove(middle, gram) ? (failed, middle) : (middle, proven);
        }

        // tr H ≤ nc; the diagonal of cI − G is rounded too.
        var factorization = Rounding.ProductUp(proven, 8 * side * Rounding.Gamma(side + 4));
        return Rounding.RootUp(Rounding.SumUp(Rounding.SumUp(proven, factorization), Rounding.ProductUp(rounding, 2)));
    }

    /// <summary>Whether each c·I − G has a Cholesky factorization.</summary>
    private static bool IsAbove(double c, Tensor gram)
    {
        using var scope = NewDisposeScope();
        var (_, info) = linalg.cholesky_ex((c * eye(gram.shape[1], dtype: gram.dtype)) - gram);
        return info.count_nonzero().item<long>() == 0;
    }

    /// <summary>An eigenvalue of each matrix by power iteration, the largest of them; from below.</summary>
    private static double LargestEigenvalue(Tensor gram)
    {
        using var generator = new Generator(1);
        var vector = randn([gram.shape[0], gram.shape[1], 1], ScalarType.Float64, generator: generator).to(gram.dtype);
        var norms = ones(1, dtype: ScalarType.Float64);
        for (var step = 0; step < PowerSteps; step++)
        {
            var image = gram.matmul(vector);
            norms = image.abs().square().sum([1, 2], keepdim: true).sqrt();
            vector = image / norms.clamp_min(1e-300);
        }

        return norms.max().item<double>();
    }
}

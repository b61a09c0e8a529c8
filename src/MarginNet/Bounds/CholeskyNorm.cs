using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>
/// Upper bounds of the spectral norms of larger matrices, several times sooner than by Gram iteration: the Lanczos method guesses λ from
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

    private const int LanczosSteps = 32;
    private const double Exhausted = 1e-10; // Of a vector's length: what rounding alone leaves outside a space that holds it.
    private const double Smallest = 1e-300; // Only keeps 0/0 out.
    private const double MinExcess = 1e-6;
    private const double MaxExcess = 0.05;

    /// <summary>A bound of the largest spectral norm in a batch.</summary>
    /// <param name="matrices">Shape [B, m, n] with m ≤ n, float64 or complex128, finite, with a largest Frobenius norm of about 1.</param>
    /// <param name="rounding">What the rounding of AA* may come to, in the Frobenius norm.</param>
    /// <param name="needed">A norm below which no proof is asked for, at least 0.</param>
    /// <returns>The bound, at least <paramref name="needed"/>; null where no factorization ended.</returns>
    public static double? TryBound(Tensor matrices, double rounding, double needed)
    {
        using var scope = NewDisposeScope();
        var gram = matrices.matmul(matrices.mH);
        var enough = needed * needed * (1 - MinExcess);
        if (Proven(enough) <= needed && IsAbove(enough, gram))
        {
            return needed;
        }

        var guess = LargestEigenvalue(gram);
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

        return Math.Max(needed, Proven(proven));

        // tr H ≤ nc; the diagonal of cI − G is rounded too.
        double Proven(double c)
        {
            var factorization = Rounding.ProductUp(c, 8 * gram.shape[1] * Rounding.Gamma(gram.shape[1] + 4));
            return Rounding.RootUp(Rounding.SumUp(Rounding.SumUp(c, factorization), Rounding.ProductUp(rounding, 2)));
        }
    }

    /// <summary>Whether each c·I − G has a Cholesky factorization.</summary>
    private static bool IsAbove(double c, Tensor gram)
    {
        using var scope = NewDisposeScope();
        var (_, info) = linalg.cholesky_ex((c * eye(gram.shape[1], dtype: gram.dtype)) - gram);
        return info.count_nonzero().item<long>() == 0;
    }

    /// <summary>The largest eigenvalue of a batch of Hermitian matrices on the Krylov spaces of a random vector; from below.</summary>
    private static double LargestEigenvalue(Tensor gram)
    {
        using var generator = new Generator(1);
        var steps = Math.Min(LanczosSteps, gram.shape[1]);
        var start = randn([gram.shape[0], gram.shape[1], 1], ScalarType.Float64, generator: generator).to(gram.dtype);
        var basis = start / Norms(start);
        while (basis.shape[2] < steps)
        {
            var image = gram.matmul(basis[.., .., ^1..]);
            var next = image - basis.matmul(basis.mH.matmul(image));
            next -= basis.matmul(basis.mH.matmul(next)); // Once is not enough where little is left.
            var isNew = Norms(next) > Exhausted * Norms(image);
            // A zero column has an eigenvalue of zero.
            basis = cat([basis, where(isNew, next / Norms(next).clamp_min(Smallest), zeros_like(next))], 2);
        }

        return linalg.eigvalsh(basis.mH.matmul(gram.matmul(basis))).max().item<double>();
    }

    private static Tensor Norms(Tensor vectors) => vectors.abs().Squared().sum([1], keepdim: true).sqrt();
}

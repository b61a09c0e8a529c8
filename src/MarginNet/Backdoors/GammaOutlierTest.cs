using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace MarginNet.Backdoors;

/// <summary>
/// Whether the largest of K numbers is too large for a Gamma distribution G fitted to the others, as an order statistic:
/// p = 1 − G(r_max)^(K − 1) (Wang et al., 2024; their code has the exponent K).
/// </summary>
/// <param name="Count">K, the numbers above 0: a Gamma distribution has no others, and they are left out.</param>
/// <param name="Null">G; null where there is none.</param>
/// <param name="PValue">p; NaN where there is no G. It is too small for chance alone, as G is fitted without the largest.</param>
/// <param name="CalibratedPValue">How often chance alone makes p so small: its rank among those of 999 samples of K draws from one Gamma
/// distribution of G's shape; at least 1/1000, NaN where there is no G.</param>
/// <param name="Doubt">Why there is no G, in one line; null where there is one.</param>
public sealed record GammaOutlierTest(int Count, GammaNull? Null, double PValue, double CalibratedPValue, string? Doubt)
{
    /// <summary>The least K: the distribution has two parameters, and is fitted to K − 1 numbers.</summary>
    public const int LeastCount = 4;

    private const int Samples = 999;
    private const double Alike = 1e-6; // Of the numbers' size: what float32's rounding alone makes of one number.

    /// <summary>Tests the largest of some numbers.</summary>
    /// <param name="values">The numbers, finite.</param>
    /// <param name="seed">Seed of the samples that p is calibrated by. Default 0.</param>
    /// <returns>The test; without a null distribution where fewer than 4 are above 0, or all of these but one
    /// are alike.</returns>
    public static GammaOutlierTest Compute(ReadOnlySpan<double> values, int seed = 0)
    {
        double[] sorted = [.. values.ToArray().Where(value => value > 0).Order()];
        if (Doubts(sorted) is { } doubt)
        {
            return new(sorted.Length, null, double.NaN, double.NaN, doubt);
        }

        var (distribution, p) = Fit(sorted);
        var (random, draws, rank) = (new Random(seed), new double[sorted.Length], 1);
        for (var i = 0; i < Samples; i++)
        {
            Gamma.Samples(random, draws, distribution.Shape, 1);
            Array.Sort(draws);
            rank += Fit(draws).PValue <= p ? 1 : 0;
        }

        return new(sorted.Length, distribution, p, rank / (Samples + 1.0), null);
    }

    /// <summary>Fits G to all but the last of sorted numbers, and judges that: 1 − (1 − q)^(K − 1), exact where q is small.</summary>
    private static (GammaNull Null, double PValue) Fit(double[] sorted)
    {
        var distribution = GammaNull.Fit(sorted.AsSpan(..^1));
        return (distribution, -SpecialFunctions.Expm1((sorted.Length - 1) * SpecialFunctions.Log1p(-distribution.UpperTail(sorted[^1]))));
    }

    private static string? Doubts(double[] sorted) =>
        sorted.Length < LeastCount
            ? $"{sorted.Length} margins above 0 are too few to fit a null distribution to: it takes those of {LeastCount} classes"
        : sorted[^2] - sorted[0] <= Alike * sorted[^2]
            ? FormattableString.Invariant($"the margins of all classes but one are alike ({sorted[0]:g4}): nothing tells how far they vary")
        : null;
}

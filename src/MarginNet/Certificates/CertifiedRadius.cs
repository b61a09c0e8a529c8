using System.Numerics;
using MarginNet.Lipschitz;
using MarginNet.Margins;

namespace MarginNet.Certificates;

/// <summary>A ball in ℓ2 around an input, open, in which the network's decision provably does not change.</summary>
/// <param name="PredictedClass">The decision ĉ, the lowest index among tied scores.</param>
/// <param name="Radius">Its radius, in the units of the input ([0, 1] pixels where the network normalises them itself); 0 where nothing is certified.</param>
/// <param name="Source">What proves it; the earlier of <see cref="CertificateSource"/> where two give the same radius.</param>
public readonly record struct CertifiedRadius(int PredictedClass, double Radius, CertificateSource Source)
{
    /// <summary>Certifies one sample by the largest of the three radii, each rounded down. Ties and zero margins certify nothing.</summary>
    /// <param name="scores">Class scores f of one sample, length C, finite.</param>
    /// <param name="bounds">Proven bounds of the network that computed them.</param>
    /// <exception cref="ArgumentException">There are not C scores, or one is NaN or infinite.</exception>
    public static CertifiedRadius Compute(ReadOnlySpan<float> scores, LipschitzBounds bounds) => Certify(scores, bounds);

    /// <summary>Certifies one sample from scores in double precision.</summary>
    /// <inheritdoc cref="Compute(ReadOnlySpan{float}, LipschitzBounds)"/>
    public static CertifiedRadius Compute(ReadOnlySpan<double> scores, LipschitzBounds bounds) => Certify(scores, bounds);

    /// <summary>Certifies every sample.</summary>
    /// <param name="scores">The scores of N samples.</param>
    /// <param name="bounds">Proven bounds of the network that computed them.</param>
    /// <returns>One radius for each sample.</returns>
    /// <exception cref="ArgumentException">The numbers of classes differ.</exception>
    public static CertifiedRadius[] Compute(ScoreMatrix scores, LipschitzBounds bounds)
    {
        var radii = new CertifiedRadius[scores.Count];
        for (var i = 0; i < radii.Length; i++)
        {
            radii[i] = Compute(scores[i], bounds);
        }

        return radii;
    }

    private static CertifiedRadius Certify<T>(ReadOnlySpan<T> scores, LipschitzBounds bounds)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ThrowIfUnfit(scores, bounds);
        var decided = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            decided = scores[i] > scores[decided] ? i : decided;
        }

        // The rivals are all classes but one: had every tied class been left out, a tie would look like the widest margin.
        var (margin, pairwise) = (double.PositiveInfinity, double.PositiveInfinity);
        for (var i = 0; i < scores.Length; i++)
        {
            if (i != decided)
            {
                var lead = LeadDown(scores[decided], scores[i]);
                margin = Math.Min(margin, lead);
                pairwise = Math.Min(pairwise, Rounding.QuotientDown(lead, bounds.Pair(decided, i).Value));
            }
        }

        var best = new CertifiedRadius(decided, 0, CertificateSource.None);
        best = best.Or(CertificateSource.Scores, Rounding.QuotientDown(margin, 2 * bounds.Scores.Value));
        best = best.Or(CertificateSource.Euclidean, Rounding.QuotientDown(margin, Rounding.ProductUp(RootOfTwo, bounds.Euclidean.Value)));
        return best.Or(CertificateSource.Pairwise, pairwise);
    }

    private const double RootOfTwo = 1.4142135623730952; // Rounded up.

    private CertifiedRadius Or(CertificateSource source, double radius) => radius > Radius ? new(PredictedClass, radius, source) : this;

    /// <summary>The difference of two scores, rounded down where it is not exact.</summary>
    private static double LeadDown<T>(T decided, T rival)
        where T : IBinaryFloatingPointIeee754<T>
    {
        var lead = double.CreateTruncating(decided) - double.CreateTruncating(rival);
        return lead == 0 ? 0 : Math.Max(0, Math.BitDecrement(lead));
    }

    private static void ThrowIfUnfit<T>(ReadOnlySpan<T> scores, LipschitzBounds bounds)
        where T : IBinaryFloatingPointIeee754<T>
    {
        if (scores.Length != bounds.ClassCount)
        {
            throw new ArgumentException($"Expected {bounds.ClassCount} scores, one for each class of the bounds, but got {scores.Length}.", nameof(scores));
        }

        foreach (var score in scores)
        {
            if (!T.IsFinite(score))
            {
                throw new ArgumentException($"A score is {score}: only finite scores can be certified.", nameof(scores));
            }
        }
    }
}

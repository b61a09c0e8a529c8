using MarginNet.Bounds;
using MarginNet.Lipschitz;
using MarginNet.Margins;

namespace MarginNet.Certificates;

/// <summary>
/// The labelled margin in units of radius, which training looks at. It is no certificate, since it leaves out the rounding of the
/// network's own computations: <see cref="CertifiedRadius"/> is.
/// </summary>
public static class LabelledRadius
{
    /// <summary>Computes min over i ≠ c of (f_c − f_i) / L_ci: above 0 a radius in ℓ2 within which the network in exact arithmetic decides
    /// alike; negative where the sample is misclassified.</summary>
    /// <param name="scores">Class scores f of N samples, C classes.</param>
    /// <param name="labels">True classes c, length N, each in [0, C).</param>
    /// <param name="bounds">Proven bounds of the network that computed the scores.</param>
    /// <returns>Radii, length N, each rounded down.</returns>
    /// <exception cref="ArgumentException">The lengths or the numbers of classes differ.</exception>
    public static double[] Compute(ScoreMatrix scores, ReadOnlySpan<int> labels, LipschitzBounds bounds)
    {
        if (labels.Length != scores.Count || scores.ClassCount != bounds.ClassCount)
        {
            throw new ArgumentException(
                $"Expected {scores.Count} labels and bounds of {scores.ClassCount} classes, "
                + $"but got {labels.Length} and {bounds.ClassCount}.", nameof(labels));
        }

        var radii = new double[scores.Count];
        for (var i = 0; i < radii.Length; i++)
        {
            var sample = scores[i];
            var (own, least) = (labels[i], double.PositiveInfinity);
            for (var rival = 0; rival < sample.Length; rival++)
            {
                if (rival != own)
                {
                    least = Math.Min(least, Quotient((double)sample[own] - sample[rival], bounds.Pair(own, rival).Value));
                }
            }

            radii[i] = least;
        }

        return radii;
    }

    private static double Quotient(double lead, double constant) =>
        lead > 0 ? Rounding.QuotientDown(Math.BitDecrement(lead), constant) : lead < 0 ? -Rounding.QuotientUp(-lead, constant) : 0;
}

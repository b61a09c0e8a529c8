using MarginNet.Certificates;
using MarginNet.Cli.Commands;
using MarginNet.Data;
using MarginNet.Detection;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MathNet.Numerics.Statistics;

namespace MarginNet.Cli.Reproduction;

/// <summary>What the margins on the test images certify, by proven bounds of the network.</summary>
/// <param name="ScoresBound">The upper bound of L_∞ of equation (3).</param>
/// <param name="MedianRadius">The median radius in ℓ2 of the right decisions; null where there is none.</param>
/// <param name="Certified">Right decisions certified at <see cref="Distance"/>.</param>
internal sealed record CertificateResult(double ScoresBound, double? MedianRadius, Proportion Certified)
{
    /// <summary>The distance that certified accuracies of CIFAR-10 are published for.</summary>
    public const double Distance = 36 / 255.0;

    public static CertificateResult Compute(MarginModel model, ScoreMatrix scores, ImageSet images, CancellationToken cancellation)
    {
        var bounds = LipschitzCommand.Bound(model, cancellation);
        var (radii, classes) = (CertifiedRadius.Compute(scores, images, bounds), images.Labels.ToArray());
        var right = radii.Where((radius, i) => radius.PredictedClass == classes[i]).Select(radius => radius.Radius).ToArray();
        return new(bounds.Scores.Value, right.Length == 0
            ? null
            : right.Median(), CertifiedAccuracy.Compute(radii, images.Labels, Distance));
    }
}

using System.Collections.Immutable;
using MarginNet.Attacks;
using MarginNet.Data;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>
/// Attacks every certificate inside its own ball. One attack that changes a decision there disproves the bound that the certificate
/// rests on; that none does proves nothing.
/// </summary>
public static class SoundnessCheck
{
    private const double Inside = 0.999; // Of the radius: as far as float32's pixels are surely inside the open ball.
    private const double Farthest = 1e4; // Of any radius, which float32 can still move an image by.

    /// <summary>The attack that is used unless told otherwise: PGD in ℓ2 up the logit difference, 20 steps from the sample.</summary>
    public static AttackOptions DefaultAttack { get; } = new()
    {
        Method = AttackMethod.Pgd,
        Norm = AttackNorm.L2,
        Objective = AttackObjective.LogitDifference,
        Steps = 20,
    };

    /// <summary>Attacks each sample's decision, right or wrong, at 0.999 of its radius, clipped to [0, 1] where the certificate is.
    /// Samples without a certificate are left out.</summary>
    /// <param name="network">The network whose decisions were certified.</param>
    /// <param name="images">The images.</param>
    /// <param name="radii">Their certificates, length N.</param>
    /// <param name="attack">The attack; null for <see cref="DefaultAttack"/>. Its norm, ε and clipping have no effect.</param>
    /// <param name="cancellation">Stops between the steps of the attack.</param>
    /// <returns>The certificates that do not hold, in the order of the samples.</returns>
    /// <exception cref="ArgumentException">There is not one certificate for each image.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ImmutableArray<CertificateViolation> Run(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        ReadOnlySpan<CertifiedRadius> radii,
        AttackOptions? attack = null,
        CancellationToken cancellation = default)
    {
        if (radii.Length != images.Count)
        {
            throw new ArgumentException(
                $"Expected {images.Count} certificates, one for each image, but got {radii.Length}.", nameof(radii));
        }

        var certificates = radii.ToArray();
        return [.. Enumerable.Range(0, certificates.Length).Where(i => certificates[i].Radius > 0)
            .GroupBy(i => (certificates[i].Norm, certificates[i].IsCut))
            .SelectMany(kind => Run(
                network, images, certificates, [.. kind],
                (attack ?? DefaultAttack) with { Norm = kind.Key.Norm, Clip = kind.Key.IsCut }, cancellation))
            .OrderBy(violation => violation.Index)];
    }

    /// <summary>Attacks certificates of one norm.</summary>
    private static List<CertificateViolation> Run(
        nn.Module<Tensor, Tensor> network, ImageSet images, CertifiedRadius[] certificates, int[] certified, AttackOptions attack,
        CancellationToken cancellation)
    {
        var decided = Relabel(images, certified, Array.ConvertAll(certified, i => certificates[i].PredictedClass));
        var result = Attack.RunWithin(
            network,
            decided,
            Array.ConvertAll(certified, i => Inside * Math.Min(certificates[i].Radius, Farthest)),
            attack,
            progress: null,
            Precision.Float32,
            cancellation);
        var violations = new List<CertificateViolation>();
        for (var k = 0; k < certified.Length; k++)
        {
            var certificate = certificates[certified[k]];
            var (found, _) = DecisionMargin.Compute(result.AttackedScores[k]);
            if (found != certificate.PredictedClass && Distance(decided.Pixels(k), result.Images[k], attack.Norm) is var distance
                && distance < certificate.Radius)
            {
                violations.Add(new(certified[k], certificate.Radius, distance, certificate.PredictedClass, found));
            }
        }

        return violations;
    }

    /// <summary>Some of the images, with other labels.</summary>
    internal static ImageSet Relabel(ImageSet images, int[] indices, int[] labels) => images.Select(indices).WithLabels(labels);

    private static double Distance(ReadOnlySpan<byte> pixels, ReadOnlySpan<float> attacked, AttackNorm norm)
    {
        var (largest, sum, squares) = (0.0, 0.0, 0.0);
        for (var i = 0; i < pixels.Length; i++)
        {
            var change = Math.Abs((pixels[i] / 255f) - (double)attacked[i]);
            (largest, sum, squares) = (Math.Max(largest, change), sum + change, squares + (change * change));
        }

        return norm switch
        {
            AttackNorm.Linf => largest,
            AttackNorm.L1 => sum,
            _ => Math.Sqrt(squares),
        };
    }
}

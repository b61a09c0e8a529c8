using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>
/// Certificates of single samples by bounds of the scores in the ball around each: of any network whose layers have linear relaxations, in
/// ℓ2, ℓ∞ and ℓ1. As those by Lipschitz constants they are of the network as it is run in float32 on a CPU; the ball is closed.
/// </summary>
public static class LocalCertificates
{
    /// <summary>Looks for the largest radius of each sample that the methods prove: by bisection, each method from what the ones before
    /// have proven. A radius counts only where a bound was proven at that very radius.</summary>
    /// <param name="network">A <see cref="Classifier"/> of this library or read from ONNX, or modules of known layers; in evaluation mode
    /// whatever its own. Not changed.</param>
    /// <param name="images">At least one image, of the size the network takes. Labels have no effect.</param>
    /// <param name="options">The norm, the method and their settings; null for the defaults.</param>
    /// <param name="first">Radii that are tried before others, in any order, so that what is said about them is what
    /// <see cref="Prove"/> says. Default none.</param>
    /// <param name="known">Radii that are proven already in the same norm, such as by Lipschitz constants; empty, the default, or one for
    /// each image.</param>
    /// <param name="progress">Told the number of samples done.</param>
    /// <param name="cancellation">Stops between the passes of a bound.</param>
    /// <returns>One certificate for each image; its radius is 0 where nothing is proven, as of tied scores.</returns>
    /// <exception cref="NotSupportedException">Of a layer no bounds are known; the message names it.</exception>
    /// <exception cref="ArgumentException">There is no image, or not one known radius for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static CertifiedRadius[] Compute(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        CertificateOptions? options = null,
        ReadOnlySpan<double> first = default,
        ReadOnlySpan<CertifiedRadius> known = default,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        double[] tried = [.. first.ToArray().Where(radius => radius > 0).Distinct().Order()];
        return Run(
            network, images, options ?? new(), known.ToArray(), (certifier, samples) => certifier.Search(samples, tried), progress,
            cancellation);
    }

    /// <summary>Tries to certify each sample at a distance of its own, without looking for a larger one: one bound for each
    /// method.</summary>
    /// <param name="network">See <see cref="Compute"/>.</param>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="epsilons">The distance of each, finite and at least 0, length N.</param>
    /// <param name="options">The norm, the method and their settings; null for the defaults.</param>
    /// <param name="known">Radii that are proven already in the same norm; empty, the default, or one for each image.</param>
    /// <param name="progress">Told the number of samples done.</param>
    /// <param name="cancellation">Stops between the passes of a bound.</param>
    /// <returns>One certificate for each image: that distance, what was known if that is more, or 0.</returns>
    /// <inheritdoc cref="Compute" path="/exception"/>
    public static CertifiedRadius[] Prove(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        ReadOnlySpan<double> epsilons,
        CertificateOptions? options = null,
        ReadOnlySpan<CertifiedRadius> known = default,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        var own = epsilons.ToArray();
        if (own.Length != images.Count || !Array.TrueForAll(own, epsilon => epsilon >= 0 && double.IsFinite(epsilon)))
        {
            throw new ArgumentException(
                $"Expected {images.Count} finite distances of at least 0, one for each image, but got {own.Length}.", nameof(epsilons));
        }

        return Run(
            network, images, options ?? new(), known.ToArray(), (certifier, samples) => certifier.Prove(samples, own), progress,
            cancellation);
    }

    private static CertifiedRadius[] Run(
        nn.Module<Tensor, Tensor> network, ImageSet images, CertificateOptions options, CertifiedRadius[] known,
        Action<BallCertifier, SampleCertificate[]> certify, IProgress<int>? progress, CancellationToken cancellation)
    {
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        if (known.Length != 0 && known.Length != images.Count)
        {
            throw new ArgumentException($"Expected {images.Count} known radii, one for each image, but got {known.Length}.", nameof(known));
        }

        using var prover = Prover(network, images, options);
        var samples = Decide(network, images, cancellation);
        var certain = samples.Where(sample => sample.HasLead).ToArray();
        foreach (var sample in known.Length == 0 ? [] : certain)
        {
            var certificate = known[sample.Index];
            sample.Seconds = certificate.Seconds;
            sample.Keep(certificate.PredictedClass == sample.Decided && certificate.Norm == options.Norm ? certificate : default);
        }

        var certifier = new BallCertifier(
            images.Channels * images.Height * images.Width,
            indices => images.ToTensor(indices).to(ScalarType.Float64).flatten(1),
            options,
            prover,
            part => AreBroken(network, images, options, part, cancellation),
            cancellation);
        var done = samples.Length - certain.Length;
        // Of methods that take long few at a time, so that how far it is can be told.
        foreach (var few in certain.Chunk(prover.BatchSize(options.Sources[^1])))
        {
            certify(certifier, few);
            progress?.Report(done += few.Length);
        }

        return Array.ConvertAll(samples, sample => sample.ToRadius(options));
    }

    private static SampleCertificate[] Decide(nn.Module<Tensor, Tensor> network, ImageSet images, CancellationToken cancellation)
    {
        var scores = network.Score(images, Precision.Float32, cancellation);
        var samples = new SampleCertificate[images.Count];
        for (var i = 0; i < samples.Length; i++)
        {
            var (decided, margin) = DecisionMargin.Compute(scores[i]);
            samples[i] = new(i, decided, margin > 0);
        }

        return samples;
    }

    /// <summary>Attacks decisions within radii.</summary>
    private static bool[] AreBroken(
        nn.Module<Tensor, Tensor> network, ImageSet images, CertificateOptions options, (SampleCertificate Sample, double Radius)[] part,
        CancellationToken cancellation)
    {
        var own = SoundnessCheck.Relabel(
            images, Array.ConvertAll(part, each => each.Sample.Index), Array.ConvertAll(part, each => each.Sample.Decided));
        var attack = SoundnessCheck.DefaultAttack with { Norm = options.Norm, Clip = options.IsCut };
        var result = Attack.RunWithin(
            network, own, Array.ConvertAll(part, each => each.Radius), attack, progress: null, Precision.Float32, cancellation);
        return [.. part.Select((each, i) => DecisionMargin.Compute(result.AttackedScores[i]).Class != each.Sample.Decided)];
    }

    private static BallProver Prover(nn.Module<Tensor, Tensor> network, ImageSet images, CertificateOptions options)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return Prover(ModuleReader.Read(network, new FeatureShape(images.Channels, images.Height, images.Width)), options);
    }

    /// <summary>Prepares bounds of a graph.</summary>
    internal static BallProver Prover(NetworkGraph graph, CertificateOptions options)
    {
        // Of numbers with fewer digits than float32 rounding is not known.
        _ = FloatFormat.Of(graph.Parameters
            .Where(parameter => parameter.Role != ParameterRole.Constant).Select(parameter => parameter.Value));
        return new(graph, options);
    }
}

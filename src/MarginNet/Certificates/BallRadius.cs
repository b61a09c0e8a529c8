using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Graph.Modules;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>Radii by bounds of scores in the ball around each sample: see <see cref="LocalCertificates"/>. Each is that of the sample
/// alone, whatever others it is proven with, and does not depend on the time it takes.</summary>
internal sealed class BallRadius : RadiusProver
{
    /// <summary>Radii are by this share apart: so many that few samples tie.</summary>
    private const double Step = 1e-3;

    private readonly Lock _lock = new();
    private readonly CertificateOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly BallProver _prover;
    private readonly int _pixels;

    private BallRadius(
        string method, string network, CertificateOptions options, BallProver prover, int pixels, CancellationToken cancellation)
        : base(method, network, options.Precision, options.Norm, options.IsCut) =>
        (_options, _prover, _pixels, _cancellation) = (options, prover, pixels, cancellation);

    public static BallRadius Of(
        string name, CertificateMethod method, nn.Module<Tensor, Tensor> network, FeatureShape input, AttackNorm norm, bool isCut,
        CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = ModuleReader.Read(network, input);
        var digest = NetworkDigest.Of(graph, graph.Parameters.Select(parameter => parameter.Value), "");
        var options = new CertificateOptions { Method = method, Norm = norm, IsCut = isCut, Precision = Step };
        return new(
            name, digest, options, LocalCertificates.Prover(graph, options), (int)graph.Input.Count.Count, cancellation);
    }

    private protected override double[] Radii(ScoreMatrix scores, Func<int, float[]> inputs, IProgress<int>? progress)
    {
        if (scores.ClassCount != _prover.ClassCount)
        {
            throw new ArgumentException(
                $"Expected scores of {_prover.ClassCount} classes, as the network has, but got {scores.ClassCount}.", nameof(scores));
        }

        var radii = new double[scores.Count];
        foreach (var part in Enumerable.Range(0, radii.Length).Chunk(_prover.BatchSize(_options.Sources[^1])))
        {
            var (some, samples) = (Array.ConvertAll(part, i => Checked(inputs(i))), new SampleCertificate[part.Length]);
            for (var k = 0; k < samples.Length; k++)
            {
                var (decided, margin) = DecisionMargin.Compute(scores[part[k]]);
                samples[k] = new(k, decided, margin > 0 && (!_options.IsCut || Array.TrueForAll(some[k], pixel => pixel is >= 0 and <= 1)));
            }

            // Of each batch its own, so that no search begins where one of other samples has ended.
            var certifier = new BallCertifier(
                _pixels, indices => tensor([.. indices.SelectMany(k => some[k])], [indices.Length, _pixels]).to(ScalarType.Float64),
                _options, _prover, areBroken: null, _cancellation);
            lock (_lock)
            {
                certifier.Search([.. samples.Where(sample => sample.HasLead)], []);
            }

            for (var k = 0; k < samples.Length; k++)
            {
                radii[part[k]] = samples[k].Radius;
            }

            progress?.Report(part[^1] + 1);
        }

        return radii;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _prover.Dispose();
        }

        base.Dispose(disposing);
    }

    private float[] Checked(float[] input)
    {
        if (input.Length != _pixels)
        {
            throw new ArgumentException($"Expected {_pixels} numbers, as the network takes, but got {input.Length}.", nameof(input));
        }

        return Array.TrueForAll(input, float.IsFinite)
            ? input : throw new ArgumentException("A number is NaN or infinite: only finite ones can be certified.", nameof(input));
    }
}

using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Certificates;

/// <summary>
/// Proves class-purity radii of a network's decisions by one method: what p-values may be of instead of margins. Made once for a network;
/// any number of threads may then use it.
/// </summary>
public abstract class RadiusProver : IDisposable
{
    /// <summary>The name of the method that bounds by Lipschitz constants, see <see cref="CertifiedRadius"/>; the default one.</summary>
    public const string Lipschitz = "lipschitz";

    private static readonly Dictionary<string, CertificateMethod> InBalls = new()
    {
        ["interval"] = CertificateMethod.Interval,
        ["crown-ibp"] = CertificateMethod.CrownIbp,
        ["fast-lin"] = CertificateMethod.FastLin,
        ["fast-lip"] = CertificateMethod.FastLip,
        ["crown"] = CertificateMethod.Crown,
        ["alpha-crown"] = CertificateMethod.AlphaCrown,
    };

    private protected RadiusProver(string method, string network, double constant, AttackNorm norm, bool isCut) =>
        (Method, Network, Constant, Norm, IsCut) = (method, network, constant, norm, isCut);

    /// <summary>The names of the methods. Branch and bound is not among them: where it ends depends on the time it has, and so on the
    /// machine, and not on the sample alone.</summary>
    public static IReadOnlyList<string> Methods { get; } = [Lipschitz, .. InBalls.Keys];

    /// <summary>The method's name.</summary>
    public string Method { get; }

    /// <summary>A hash of the network.</summary>
    public string Network { get; }

    /// <summary>A number by which other bounds of the same network can be told: the sum of its constants, or by what share radii that are
    /// searched for are apart.</summary>
    public double Constant { get; }

    /// <summary>How distances are measured.</summary>
    public AttackNorm Norm { get; }

    /// <summary>Whether only the points of the ball with numbers in [0, 1] count.</summary>
    public bool IsCut { get; }

    /// <summary>Prepares a method for a network as it is.</summary>
    /// <param name="method">One of <see cref="Methods"/>.</param>
    /// <param name="network">The network; not changed.</param>
    /// <param name="input">The shape of one input.</param>
    /// <param name="norm">How distances are measured. Default <see cref="AttackNorm.L2"/>, the only one by Lipschitz constants.</param>
    /// <param name="isCut">Whether only images count, whose pixels are in [0, 1]; not by Lipschitz constants. Default false.</param>
    /// <param name="cancellation">Ends the work, here and where radii are proven.</param>
    /// <exception cref="ArgumentException">There is no such method, or not in that norm, or the layers do not take that
    /// input.</exception>
    /// <exception cref="NotSupportedException">The method does not know a layer; the message names it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RadiusProver Create(
        string method, nn.Module<Tensor, Tensor> network, FeatureShape input, AttackNorm norm = AttackNorm.L2, bool isCut = false,
        CancellationToken cancellation = default)
    {
        if (method == Lipschitz)
        {
            return norm == AttackNorm.L2 && !isCut
                ? new LipschitzRadius(LipschitzBounds.Compute(network, input, cancellation))
                : throw new ArgumentException("Lipschitz constants give radii in l2 alone, of balls that are not cut.", nameof(norm));
        }

        return InBalls.TryGetValue(method, out var inBalls)
            ? BallRadius.Of(method, inBalls, network, input, norm, isCut, cancellation)
            : throw new ArgumentException(
                $"Expected one of the methods {string.Join(", ", Methods)}, but got '{method}'.", nameof(method));
    }

    /// <summary>The radius of one decision, in the units of the input, finite; 0 where nothing is certified, as where balls are cut of an
    /// input that is not in [0, 1].</summary>
    /// <param name="scores">Class scores f of one sample, length C, finite, as the network computes them in float32.</param>
    /// <param name="input">The input that they are of, as the network got it: length D, finite.</param>
    /// <exception cref="ArgumentException">There are not C scores or D numbers, or one is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public virtual double Radius(ReadOnlySpan<float> scores, ReadOnlySpan<float> input)
    {
        var own = input.ToArray();
        return Radii(new ScoreMatrix(scores.ToArray(), scores.Length), _ => own, progress: null)[0];
    }

    /// <summary>The radius of every sample.</summary>
    /// <param name="scores">The scores of N samples.</param>
    /// <param name="images">The images that they are of.</param>
    /// <param name="progress">Told the number of samples done, of methods that take long.</param>
    /// <returns>Shape [N].</returns>
    /// <exception cref="ArgumentException">The numbers of samples, of classes or of pixels differ.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double[] Radii(ScoreMatrix scores, ImageSet images, IProgress<int>? progress = null)
    {
        ThrowIfOther(images.Count, scores);
        return Radii(scores, i => Array.ConvertAll(images.Pixels(i).ToArray(), pixel => pixel / 255f), progress);
    }

    /// <summary>The radius of every sample.</summary>
    /// <inheritdoc cref="Radii(ScoreMatrix, ImageSet, IProgress{int})"/>
    public double[] Radii(ScoreMatrix scores, ImageArray images, IProgress<int>? progress = null)
    {
        ThrowIfOther(images.Count, scores);
        return Radii(scores, i => images[i].ToArray(), progress);
    }

    /// <summary>Lets go of what it keeps of the network.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets go of what it keeps of the network.</summary>
    /// <param name="disposing">Whether it was asked for.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    private protected abstract double[] Radii(ScoreMatrix scores, Func<int, float[]> inputs, IProgress<int>? progress);

    private static void ThrowIfOther(int count, ScoreMatrix scores)
    {
        if (count != scores.Count)
        {
            throw new ArgumentException(
                $"Expected {scores.Count} images, one for each row of scores, but got {count}.", nameof(scores));
        }
    }
}

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
public abstract class RadiusProver
{
    /// <summary>The name of the method that bounds by Lipschitz constants, see <see cref="CertifiedRadius"/>; the default one.</summary>
    public const string Lipschitz = "lipschitz";

    private protected RadiusProver(string network, double constant) => (Network, Constant) = (network, constant);

    /// <summary>The names of the methods.</summary>
    public static IReadOnlyList<string> Methods { get; } = [Lipschitz];

    /// <summary>The method's name.</summary>
    public abstract string Method { get; }

    /// <summary>A hash of the network.</summary>
    public string Network { get; }

    /// <summary>A number by which other bounds of the same network can be told.</summary>
    public double Constant { get; }

    /// <summary>Prepares a method for a network as it is.</summary>
    /// <param name="method">One of <see cref="Methods"/>.</param>
    /// <param name="network">The network; not changed.</param>
    /// <param name="input">The shape of one input.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="ArgumentException">There is no such method, or the layers do not take that input.</exception>
    /// <exception cref="NotSupportedException">The method does not know a layer; the message names it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static RadiusProver Create(
        string method, nn.Module<Tensor, Tensor> network, FeatureShape input, CancellationToken cancellation = default) => method switch
        {
            Lipschitz => new LipschitzRadius(LipschitzBounds.Compute(network, input, cancellation)),
            _ => throw new ArgumentException(
                $"Expected one of the methods {string.Join(", ", Methods)}, but got '{method}'.", nameof(method)),
        };

    /// <summary>The radius of one decision in ℓ2, in the units of the input, finite; 0 where nothing is certified.</summary>
    /// <param name="scores">Class scores f of one sample, length C, finite, as the network computes them in float32.</param>
    /// <param name="input">The input that they are of, as the network got it: length D, finite.</param>
    /// <exception cref="ArgumentException">There are not C scores or D numbers, or one is NaN or infinite.</exception>
    public abstract double Radius(ReadOnlySpan<float> scores, ReadOnlySpan<float> input);

    /// <summary>The radius of every sample.</summary>
    /// <param name="scores">The scores of N samples.</param>
    /// <param name="images">The images that they are of.</param>
    /// <returns>Shape [N].</returns>
    /// <exception cref="ArgumentException">The numbers of samples, of classes or of pixels differ.</exception>
    public double[] Radii(ScoreMatrix scores, ImageSet images)
    {
        if (images.Count != scores.Count)
        {
            throw new ArgumentException(
                $"Expected {scores.Count} images, one for each row of scores, but got {images.Count}.", nameof(images));
        }

        var (radii, input) = (new double[scores.Count], new float[images.Channels * images.Height * images.Width]);
        for (var i = 0; i < radii.Length; i++)
        {
            var pixels = images.Pixels(i);
            for (var at = 0; at < input.Length; at++)
            {
                input[at] = pixels[at] / 255f;
            }

            radii[i] = Radius(scores[i], input);
        }

        return radii;
    }
}

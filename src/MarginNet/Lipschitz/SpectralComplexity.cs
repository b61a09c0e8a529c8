using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Spectral complexity (Bartlett, Foster and Telgarsky, 2017, equation 1.2), by which margins of networks on the same data can be compared:
/// R_A = (Π ρᵢ‖Aᵢ‖₂) (Σ (‖Aᵢᵀ − Mᵢᵀ‖₂,₁ / ‖Aᵢ‖₂)^(2/3))^(3/2), of matrices Aᵢ and nonlinearities of Lipschitz constants ρᵢ.
/// </summary>
/// <remarks>
/// Convolutions count as their matrices at their size, with padding. Batch-norms and the division of the input normalisation are folded
/// into matrices; biases, which the theorem has not, are left out. The last matrix is not centred. The references Mᵢ are zero, and in
/// residual blocks the identity: a block x + g(x) is x ↦ (x, x), each layer A of g as diag(I, A), and the sum, the first and the last
/// being fixed maps of norm √2; one of <see cref="Models.LipNet"/> is (I; G) and (I, −Gᵀ), of norm √(1 + ‖G‖²) each.
/// </remarks>
public sealed class SpectralComplexity
{
    private const double Rounded = 1e-9; // More than logarithms, powers and sums of thousands of layers are off.

    private readonly double[] _mean; // Of each channel, which the network subtracts first.

    private SpectralComplexity(ImmutableArray<SpectralLayer> layers, double[] mean)
    {
        (Layers, _mean) = (layers, mean);
        var logarithm = Logarithm(layers);
        Log10 = (logarithm + Rounded) / Math.Log(10);
        Value = new(Math.Exp(logarithm + Rounded));
    }

    /// <summary>The layers, in the order of computation, those that are not learned among them.</summary>
    public ImmutableArray<SpectralLayer> Layers { get; }

    /// <summary>An upper bound of R_A, in which every norm is one: R_A grows with each of them.</summary>
    public UpperBound Value { get; }

    /// <summary>Its decimal logarithm, finite where R_A is too large for a number.</summary>
    public double Log10 { get; }

    /// <summary>Computes the complexity of a network.</summary>
    /// <param name="network">One that <see cref="LipschitzBounds"/> take; in evaluation mode whatever its own. Not changed.</param>
    /// <param name="input">The shape of one input; convolutions count at their actual size.</param>
    /// <param name="cancellation">Ends the work between two layers.</param>
    /// <exception cref="NotSupportedException">A layer's norms are not known; the message names the layer.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite; the message names the layer.</exception>
    /// <exception cref="ArgumentException">The layers do not take that input.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static SpectralComplexity Compute(
        nn.Module<Tensor, Tensor> network, FeatureShape input, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return Compute(ModuleReader.Read(network, input), input, cancellation);
    }

    internal static SpectralComplexity Compute(NetworkGraph graph, FeatureShape input, CancellationToken cancellation)
    {
        var layers = GraphLayers.Of(graph, [.. graph.Parameters.Select(parameter => parameter.Value)]);
        LayerChain.Output(layers, input);
        var mean = layers is [ChannelScaleLayer { Mean: { } subtracted }, ..]
            ? subtracted.expand(input.Channels).data<double>().ToArray()
            : [];
        return new([.. SpectralLayers.Of(ScaleFolding.Fold(layers), input, cancellation)], mean);
    }

    /// <summary>
    /// R_A‖X‖₂/n, the margin that is normalised to 1, with ‖X‖₂² the sum over the training images of the squared lengths of their pixels in
    /// [0, 1], less the mean that the network subtracts first.
    /// </summary>
    /// <param name="training">The n images that the network was trained on, at least one.</param>
    /// <exception cref="ArgumentException">There is no image, or they have other channels than the network's input.</exception>
    public double MarginUnit(ImageSet training)
    {
        ArgumentOutOfRangeException.ThrowIfZero(training.Count, nameof(training));
        if (_mean.Length > 0 && training.Channels != _mean.Length)
        {
            throw new ArgumentException($"Expected images of {_mean.Length} channels, but got {training.Channels}.", nameof(training));
        }

        var counts = new long[training.Channels, byte.MaxValue + 1];
        for (var i = 0; i < training.Count; i++)
        {
            var pixels = training.Pixels(i);
            var plane = pixels.Length / training.Channels;
            for (var at = 0; at < pixels.Length; at++)
            {
                counts[at / plane, pixels[at]]++;
            }
        }

        var sum = 0.0;
        for (var channel = 0; channel < training.Channels; channel++)
        {
            for (var value = 0; value <= byte.MaxValue; value++)
            {
                var pixel = (value / 255.0) - (_mean.Length > 0 ? _mean[channel] : 0);
                sum += counts[channel, value] * pixel * pixel;
            }
        }

        return Value.Value * Math.Sqrt(sum) / training.Count;
    }

    /// <summary>Divides labelled margins by a unit.</summary>
    /// <param name="scores">Class scores of N samples.</param>
    /// <param name="labels">True classes, length N.</param>
    /// <param name="unit">What <see cref="MarginUnit"/> is for the training images, whichever images the scores are of; above 0.</param>
    /// <returns>(f_c − max over j ≠ c of f_j) / unit, shape [N]; negative where a sample is misclassified.</returns>
    /// <exception cref="ArgumentException">There is not one label for each sample, or the unit is not above 0.</exception>
    public static double[] NormalizedMargins(ScoreMatrix scores, ReadOnlySpan<int> labels, double unit)
    {
        if (labels.Length != scores.Count)
        {
            throw new ArgumentException($"Expected {scores.Count} labels, one for each sample, but got {labels.Length}.", nameof(labels));
        }

        if (!(unit > 0))
        {
            throw new ArgumentException(FormattableString.Invariant($"Expected a unit above 0, but got {unit}."), nameof(unit));
        }

        var margins = new double[labels.Length];
        for (var i = 0; i < margins.Length; i++)
        {
            margins[i] = LabelledMargin.Compute(scores[i], labels[i]) / unit;
        }

        return margins;
    }

    /// <summary>log R_A with each norm in a product of the others, Σ (‖Aᵢᵀ − Mᵢᵀ‖₂,₁ Π over j ≠ i of ‖Aⱼ‖₂)^(2/3):
    /// no norm is divided by.</summary>
    private static double Logarithm(ImmutableArray<SpectralLayer> layers)
    {
        var before = new double[layers.Length + 1];
        for (var i = 0; i < layers.Length; i++)
        {
            before[i + 1] = before[i] + Math.Log(layers[i].Norm.Value);
        }

        var (terms, behind) = (new double[layers.Length], 0.0);
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            terms[i] = (Math.Log(layers[i].Distance.Value) + before[i] + behind) * 2 / 3;
            behind += Math.Log(layers[i].Norm.Value);
        }

        var largest = terms.Append(double.NegativeInfinity).Max();
        return double.IsNegativeInfinity(largest) ? largest
            : double.IsFinite(largest) ? 1.5 * (largest + Math.Log(terms.Sum(term => Math.Exp(term - largest))))
            : double.PositiveInfinity;
    }
}

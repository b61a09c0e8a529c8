using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Graph.Operations;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Proven upper bounds of a classifier's Lipschitz constants, for inputs in ℓ2: of its scores (ℓ2 → ℓ∞), of all of them in ℓ2, and of each
/// difference of two scores. They hold for the network in evaluation mode and in exact arithmetic.
/// </summary>
/// <remarks>
/// The scores are centred where no activation follows the last layer: subtracting their mean changes no margin, and makes the
/// constants smaller. Each constant is the smallest that any method proves.
/// </remarks>
public sealed class LipschitzBounds
{
    private readonly ScoreConstants _constants;
    private readonly string _network; // Its digest.
    private readonly FeatureShape _input;

    private LipschitzBounds(
        string network, FeatureShape input, ForwardRounding forward, ScoreConstants constants, bool isCentered, string scoresMethod,
        string euclideanMethod, ImmutableArray<LayerBound> layers)
    {
        (_network, _input, Forward, _constants, IsCentered, ScoresMethod, EuclideanMethod, Layers) =
            (network, input, forward, constants, isCentered, scoresMethod, euclideanMethod, layers);
        (Scores, Euclidean) = (new(constants.Scores.Max()), new(constants.Euclidean));
    }

    /// <summary>The same of the mean of a network's scores at an image and at its mirror image.</summary>
    private LipschitzBounds(LipschitzBounds each, string network)
        : this(network, each._input, each.Forward.OfMean(), each._constants, each.IsCentered, each.ScoresMethod, each.EuclideanMethod,
            each.Layers)
    {
    }

    /// <summary>What the rounding of the network's own computations may come to.</summary>
    internal ForwardRounding Forward { get; }

    /// <summary>The SHA-256 of the network that the bounds were proven for.</summary>
    internal string Digest => _network;

    /// <summary>The sum of all L_ij.</summary>
    internal double PairSum => _constants.Pairs.Cast<double>().Sum();

    /// <summary>Whether <see cref="Scores"/> and <see cref="Euclidean"/> are of the scores less their mean,
    /// which have the same margins.</summary>
    public bool IsCentered { get; }

    /// <summary>L_∞ of equation (3): how fast any one score can change.</summary>
    public UpperBound Scores { get; }

    /// <summary>What proved <see cref="Scores"/>, such as <c>product</c>.</summary>
    public string ScoresMethod { get; }

    /// <summary>L₂: how fast the vector of scores can change in ℓ2.</summary>
    public UpperBound Euclidean { get; }

    /// <summary>What proved <see cref="Euclidean"/>.</summary>
    public string EuclideanMethod { get; }

    /// <summary>The layers up to the last one, whose bounds multiply in the method <c>product</c>, and the last one.</summary>
    public ImmutableArray<LayerBound> Layers { get; }

    /// <summary>The number of classes C.</summary>
    public int ClassCount => _constants.Scores.Length;

    /// <summary>L_ij: how fast the difference of two scores can change; at most 2 L_∞ and √2 L₂.</summary>
    /// <param name="first">A class i.</param>
    /// <param name="second">Another class j.</param>
    /// <exception cref="ArgumentOutOfRangeException">One is no class.</exception>
    public UpperBound Pair(int first, int second)
    {
        ThrowIfNoClass(first);
        ThrowIfNoClass(second);
        return new(_constants.Pairs[first, second]);
    }

    /// <summary>
    /// Whether a network still is the one that the bounds were proven for: the same operations, settings, parameters and buffers,
    /// of the same types, to the last bit, as far as its scores are made of them.
    /// Scores of any other network certify nothing by these bounds.
    /// </summary>
    /// <param name="network">The network, on any device, in any mode. Not changed.</param>
    /// <exception cref="NotSupportedException">It has a layer, or a hook, that no bound could be proven with;
    /// the message names the layer.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite by now; the message names the layer.</exception>
    public bool IsOf(nn.Module<Tensor, Tensor> network)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        try
        {
            return IsOf(ModuleReader.Read(network, _input));
        }
        catch (ArgumentException)
        {
            return false; // It does not take such inputs any more.
        }
    }

    /// <summary>Whether a graph, with its parameters as they are, is the one that the bounds were proven for.</summary>
    internal bool IsOf(NetworkGraph graph) => NetworkDigest.Describe(graph, Values(graph)).Digest == _network;

    /// <summary>Throws where <see cref="IsOf(nn.Module{Tensor, Tensor})"/> says no: call it with the network that computed the scores,
    /// before they are certified.</summary>
    /// <inheritdoc cref="IsOf(nn.Module{Tensor, Tensor})"/>
    /// <exception cref="InvalidOperationException">The network is not the one that the bounds were proven for.</exception>
    public void ThrowIfChanged(nn.Module<Tensor, Tensor> network)
    {
        if (!IsOf(network))
        {
            throw new InvalidOperationException(
                "The network's weights are not those the bounds were proven for: compute the bounds again.");
        }
    }

    private void ThrowIfNoClass(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, ClassCount);
    }

    /// <summary>Bounds a network's constants.</summary>
    /// <param name="network">
    /// A <see cref="LipNet"/>, <see cref="ResNet18"/> or <see cref="FastNet"/>, or a Sequential of convolutions, plain
    /// and transposed, linear layers, batch-norms, ReLU and its kin, tanh, sigmoid, pools, flatten and dropout; taken in evaluation mode
    /// whatever its own. Not changed.
    /// </param>
    /// <param name="input">The shape of one input; convolutions are bounded at their actual size.</param>
    /// <param name="cancellation">Ends the work between two layers.</param>
    /// <exception cref="NotSupportedException">A layer's constant is not known; the message names the layer.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite; the message names the layer.</exception>
    /// <exception cref="ArgumentException">The layers do not take that input.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static LipschitzBounds Compute(nn.Module<Tensor, Tensor> network, FeatureShape input, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var graph = ModuleReader.Read(network, input);
        return network is MirroredNetwork { Network: var each }
            ? new(Compute(each, input, cancellation), NetworkDigest.Describe(graph, Values(graph)).Digest)
            : Compute(graph, cancellation);
    }

    /// <summary>Bounds the constants of a graph, computed node by node as it stands.</summary>
    /// <inheritdoc cref="Compute(nn.Module{Tensor, Tensor}, FeatureShape, CancellationToken)"/>
    internal static LipschitzBounds Compute(NetworkGraph graph, CancellationToken cancellation = default)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var input = Rearrangement.Shape(graph.Input)
            ?? throw new NotSupportedException($"The network takes {graph.Input}, whose distances are not known here.");
        var (described, digest) = NetworkDigest.Describe(graph, Values(graph));
        LayerChain.Output(described, input);
        // Constants that are only subtracted or divided by are raised to the type of the weights.
        var weights = graph.Parameters.Where(parameter => parameter.Role != ParameterRole.Constant);
        var format = FloatFormat.Of(weights.Select(parameter => parameter.Value));
        return Compute(digest, ScaleFolding.Fold(described), ForwardRounding.Of(described, input, format), input, cancellation);
    }

    private static Tensor[] Values(NetworkGraph graph) => [.. graph.Parameters.Select(parameter => parameter.Value)];

    private static LipschitzBounds Compute(
        string network, List<Layer> layers, ForwardRounding forward, FeatureShape input, CancellationToken cancellation)
    {
        var isGated = layers is [.., LinearLayer, ActivationLayer { IsGate: true }];
        var chain = isGated ? layers[..^1] : layers;
        var output = LayerChain.Output(chain, input);
        if (!output.IsVector || output.Channels < 2)
        {
            throw new ArgumentException(
                $"Expected a network with a vector of at least 2 scores, but its output is {output}.", nameof(layers));
        }

        if (chain is not [.., LinearLayer last])
        {
            last = new("scores", new(eye(output.Channels, dtype: ScalarType.Float64), 0));
            chain = [.. chain, last];
        }

        // Every bound below is of degree 1 in each layer, so each is bounded without its power of two, and the powers come last, in one.
        var parts = chain.ConvertAll(layer => layer.Normalized());
        var (normalized, exponents) = (parts.ConvertAll(part => part.Layer), parts.ConvertAll(part => part.Exponent));
        var weight = ((LinearLayer)normalized[^1]).Weight;
        var head = isGated ? weight : Center(weight);
        var bounds = Bounds(normalized[..^1], input, cancellation);
        var features = bounds.Aggregate(new UpperBound(1), (product, layer) => product * layer.Bound);
        List<ScoreConstants> candidates = [ScoreConstants.Of(head, "product").Times(features.Value)];
        candidates.AddRange(Suffix(normalized[..^1], input, bounds, head));
        var all = isGated ? candidates.ConvertAll(candidate => candidate.Gated()) : candidates;
        bounds.Add(new(last.Name, last.Kind, output, head.Norm(), isGated ? "Gram iteration" : "Gram iteration, centred"));
        return new(
            network,
            input,
            forward,
            all.Aggregate((left, right) => left.Min(right)).Tightened().TimesPowerOfTwo(exponents.Sum()),
            !isGated,
            all.MinBy(constants => constants.Scores.Max())!.Method,
            all.MinBy(constants => constants.Euclidean)!.Method,
            [.. bounds.Zip(exponents, (layer, exponent) => layer with { Bound = new(Rounding.ScaleUp(layer.Bound.Value, exponent)) })]);
    }

    private static List<LayerBound> Bounds(List<Layer> layers, FeatureShape input, CancellationToken cancellation)
    {
        var bounds = new List<LayerBound>();
        foreach (var layer in layers)
        {
            cancellation.ThrowIfCancellationRequested();
            var output = layer.Output(input);
            var (bound, method) = layer.Bound(input);
            bounds.Add(new(layer.Name, layer.Kind, output, bound, method));
            input = output;
        }

        return bounds;
    }

    /// <summary>The bounds of the longest end of the network that is a chain of matrices and gates,
    /// times the norms of the layers before it.</summary>
    private static IEnumerable<ScoreConstants> Suffix(List<Layer> hidden, FeatureShape input, List<LayerBound> bounds, BoundedMatrix head)
    {
        var scores = new LinearLayer("scores", head);
        for (var start = 0; start < hidden.Count && !hidden[start..].TrueForAll(layer => layer is FlattenLayer); start++)
        {
            var before = start == 0 ? input : bounds[start - 1].Output;
            if (LayerChain.Segments([.. hidden[start..], scores], before) is { } weights)
            {
                var prefix = bounds.Take(start).Aggregate(new UpperBound(1), (product, layer) => product * layer.Bound);
                return DenseBounds.Compute(weights).Select(constants => constants.Times(prefix.Value));
            }
        }

        return [];
    }

    /// <summary>Subtracts the mean row, a projection, which makes an error no larger.</summary>
    private static BoundedMatrix Center(BoundedMatrix weight)
    {
        var error = Rounding.ProductUp(weight.Frobenius, 2 * Rounding.Gamma(weight.Rows + 4));
        return new(weight.Value - weight.Value.mean([0], keepdim: true), Rounding.SumUp(weight.Error, error));
    }
}

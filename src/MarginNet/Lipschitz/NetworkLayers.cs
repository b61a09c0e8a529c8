using System.Reflection;
using MarginNet.Bounds;
using MarginNet.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>
/// Networks as lists of layers, in evaluation mode. A container of its own forward is one case here, which says what that is;
/// a Sequential of known modules needs none.
/// </summary>
internal sealed class NetworkLayers
{
    private const double FoldError = 8 * Rounding.Unit; // Of γ/√(v + ε): a sum, a root and a quotient.

    private const double MapError = 8 * Rounding.Unit; // Of W√S: a root and a product.

    private readonly Func<string, Tensor, Tensor> _take;
    private readonly Action<string, nn.Module>? _visit;

    private NetworkLayers(Func<string, Tensor, Tensor> take, Action<string, nn.Module>? visit = null) => (_take, _visit) = (take, visit);

    /// <summary>The layers in float64 on the CPU.</summary>
    /// <param name="network">The network.</param>
    /// <param name="visit">Told each module that is part of it, with its name. Default null.</param>
    /// <exception cref="NotSupportedException">A layer has no known constant.</exception>
    /// <exception cref="InvalidDataException">A weight is NaN or infinite.</exception>
    public static IEnumerable<Layer> Of(nn.Module network, Action<string, nn.Module>? visit = null) =>
        new NetworkLayers(Finite, visit).Expand("", network);

    /// <summary>The layers with weights as they are in training: float32, on their device, and differentiable; not checked.</summary>
    /// <exception cref="NotSupportedException">A layer has no known constant.</exception>
    public static IEnumerable<Layer> InTraining(nn.Module network, Device device) =>
        new NetworkLayers((_, weight) => weight.to(ScalarType.Float32, device)).Expand("", network);

    private IEnumerable<Layer> Expand(string name, nn.Module module)
    {
        if (!IsExact(module.GetType()))
        {
            throw Unknown(name, module);
        }

        if (ForwardHooks.Any(module))
        {
            throw new NotSupportedException(
                $"Layer '{name}', a {module.GetType().Name}, has a hook, which may change what it computes: it is refused, "
                + "since taking the layer as it is would certify what is not proven. Remove the hook.");
        }

        _visit?.Invoke(name, module);
        return Layers(name, module);
    }

    /// <summary>Whether a module of this type computes what is said of it here: a subclass may have a forward of its own.</summary>
    private static bool IsExact(Type type) =>
        type == typeof(Sequential)
        || (type.IsSealed && (type.Assembly == typeof(nn.Module).Assembly || type.Assembly == typeof(NetworkLayers).Assembly));

    private static NotSupportedException Unknown(string name, nn.Module module) => new(
        $"Layer '{name}' is a {module.GetType().Name} whose Lipschitz constant, with its settings, is not known: it is refused, "
        + "since taking it as 1 would certify what is not proven.");

    private IEnumerable<Layer> Layers(string name, nn.Module module) => module switch
    {
        ResNet18 resnet =>
        [
            .. Children(name, module, "normalize", "conv1", "bn1"), ActivationLayer.Relu("relu"),
            .. Children(name, module, "maxpool", "layer1", "layer2", "layer3", "layer4"), GlobalAverage("mean"),
            new FlattenLayer("flatten"),
            .. Children(name, module, "fc"), .. Scores(resnet, 1),
        ],
        BasicBlock =>
        [
            new ResidualLayer(
                name,
                [.. Children(
                    name, module, "conv1", "bn1"), ActivationLayer.Relu(Join(name, "relu")), .. Children(name, module, "conv2", "bn2")],
                [.. Children(name, module, "downsample")]),
            ActivationLayer.Relu(Join(name, "relu")),
        ],
        FastNet fast =>
        [
            .. Children(name, module, "normalize", "whiten"), ActivationLayer.Relu("relu"),
            .. Children(name, module, "block1", "block2", "block3"),
            new MaxPoolLayer("maximum", PoolAxis.Adaptive(1), PoolAxis.Adaptive(1)), new FlattenLayer("flatten"),
            .. Children(name, module, "fc"), .. Scores(fast, FastNet.FeatureScale),
        ],
        FastBlock =>
        [
            .. Children(name, module, "conv1"),
            new MaxPoolLayer(Join(name, "pool"), PoolAxis.Sliding(2, 2, 0, 1), PoolAxis.Sliding(2, 2, 0, 1)),
            .. Children(name, module, "bn1"), ActivationLayer.Relu(Join(name, "relu1")), .. Children(name, module, "conv2", "bn2"),
            ActivationLayer.Relu(Join(name, "relu2")),
        ],
        LipNet lip =>
        [
            .. Children(name, module, "normalize"), RearrangementLayer.PixelUnshuffle("unshuffle1", LipNet.Halving),
            RearrangementLayer.PadChannels("pad", LipNet.Channels((LipNetOptions)lip.Options)),
            .. Padded(Children(name, module, "stage1"), LipNet.Halving * LipNet.Halving * lip.Options.Normalization.Mean.Length),
            RearrangementLayer.PixelUnshuffle("unshuffle2", LipNet.Halving), .. Children(name, module, "stage2"),
            new FlattenLayer("flatten"),
            .. Children(name, module, "dense", "fc"), .. Scores(lip, 1),
        ],
        SllConvolution sll => [Contraction(name, sll)],
        SllLinear sll => [Contraction(name, sll)],
        AolLinear aol => [Dense(name, aol.PreciseMatrix(), aol.MatrixError()) with { Bias = _take(name, aol.Bias), IsPrecise = true }],
        WhiteningLayer => [new ConvolutionLayer(name, _take(name, module.get_buffer("weight")!), 0, new(1, 1))
        {
            Bias = _take(name, module.get_parameter("bias")!),
        }],
        Sequential => module.named_children().SelectMany(child => Expand(Join(name, child.name), child.module)),
        NormalizeLayer =>
        [
            Scale(name, 1 / _take(name, module.get_buffer("deviation")!).flatten()) with
            {
                Mean = _take(name, module.get_buffer("mean")!).flatten(),
                IsNormalization = true,
            },
        ],
        Linear linear => [new LinearLayer(name, new(_take(name, linear.weight!), 0)) { Bias = Optional(name, linear.bias) }],
        Conv2d { padding_mode: PaddingModes.Zeros, padding_type: null, transposed: false } convolution => [Convolution(name, convolution)],
        PointwiseConvolution convolution => [new ConvolutionLayer(
            name, _take(name, convolution.Weight), 0, new(1, 1) { Stride = (convolution.Stride, convolution.Stride) })],
        BatchNorm normalization => BatchNormalization(name, normalization),
        ReLU => [ActivationLayer.Relu(name)],
        LeakyReLU leaky => [ActivationLayer.LeakyRelu(name, leaky.negative_slope)],
        Tanh => [new ActivationLayer(name, 0, 1, HasKink: false) { Limit = 1 }],
        Sigmoid => [new ActivationLayer(name, 0, 0.25, HasKink: false) { Limit = 1, AtZero = 0.5 }],
        MaxPool2d { ceil_mode: false } pool => [new MaxPoolLayer(
            name, Axis(0, pool.kernel_size, pool.stride, pool.padding, pool.dilation),
            Axis(1, pool.kernel_size, pool.stride, pool.padding, pool.dilation))],
        AvgPool2d { ceil_mode: false, count_include_pad: true, divisor_override: null } pool => [new AveragePoolLayer(
            name, Axis(0, pool.kernel_size, pool.stride, pool.padding, null), Axis(1, pool.kernel_size, pool.stride, pool.padding, null))],
        AdaptiveAvgPool2d pool =>
            [new AveragePoolLayer(name, PoolAxis.Adaptive((int)pool.output_size[0]), PoolAxis.Adaptive((int)pool.output_size[^1]))],
        Flatten { start_dim: 1, end_dim: -1 } => [new FlattenLayer(name)],
        Identity or Dropout or Dropout2d => [],
        ProgramNetwork => throw new NotSupportedException(
            "The model is a TorchScript or ONNX program, whose layers are not known, so it has no proven Lipschitz constant: "
            + "give a ResNet-18 as a state dict, or train with MarginNet."),
        _ => throw Unknown(name, module),
    };

    /// <summary>The children of these names that there are, in that order.</summary>
    private IEnumerable<Layer> Children(string name, nn.Module module, params string[] children)
    {
        var own = module.named_children().ToDictionary(child => child.name, child => child.module);
        return children.SelectMany(child => Called(module, child) is var called && called == own.GetValueOrDefault(child)
            ? called is null ? [] : Expand(Join(name, child), called)
            : throw new NotSupportedException(
                $"Layer '{Join(name, child)}' was registered again, but the network still calls the one that it was made with: "
                + "it is refused, since a bound would be of a layer that is not used."));
    }

    /// <summary>The module that the forward of one of our own calls by this name; null where it has none.</summary>
    private static nn.Module? Called(nn.Module module, string field) =>
        (nn.Module?)module.GetType().GetField(field, BindingFlags.Instance | BindingFlags.NonPublic)?.GetValue(module);

    /// <summary>Tells the first layer how many channels of its input may differ from 0.</summary>
    private static IEnumerable<Layer> Padded(IEnumerable<Layer> layers, int live) =>
        layers.Select((layer, i) => i == 0
            && layer is SllLayer { Map: ConvolutionLayer map } sll ? sll with { Map = map with { LiveChannels = live } } : layer);

    /// <summary>What <see cref="Classifier"/> makes of the last layer, which a constant of the network's own multiplies before.</summary>
    private IEnumerable<Layer> Scores(Classifier network, double factor)
    {
        if (factor * network.Options.OutputScale != 1)
        {
            // A larger factor of all scores has larger bounds.
            var scale = Math.Max(factor * network.Options.OutputScale, Rounding.SmallestNormal);
            yield return Scale("scale", tensor([scale], dtype: ScalarType.Float64));
        }

        if (network.Options.Rectify)
        {
            yield return ActivationLayer.Relu("rectify");
        }
    }

    private static string Join(string parent, string child) => parent.Length == 0 ? child : $"{parent}.{child}";

    private static AveragePoolLayer GlobalAverage(string name) => new(name, PoolAxis.Adaptive(1), PoolAxis.Adaptive(1));

    private ConvolutionLayer Convolution(string name, Conv2d convolution)
    {
        (int, int) Pair(long[]? values) => ((int)values![0], (int)values[^1]);

        var steps = new ConvolutionGeometry(1, 1)
        {
            Stride = Pair(convolution.stride),
            Padding = Pair(convolution.padding),
            Dilation = Pair(convolution.dilation),
            Groups = (int)convolution.groups,
        };
        return new(name, _take(name, convolution.weight!), 0, steps) { Bias = Optional(name, convolution.bias) };
    }

    private IEnumerable<Layer> BatchNormalization(string name, BatchNorm normalization)
    {
        if (!normalization.track_running_stats || normalization.running_var is not { } variance)
        {
            throw new NotSupportedException($"Layer '{name}' normalises by each batch's own statistics, so it has no Lipschitz constant: "
                + "train it with running statistics.");
        }

        var factors = _take(name, _take(name, variance) + normalization.eps).rsqrt();
        var (mean, shift) = (Optional(name, normalization.running_mean), Optional(name, normalization.bias));
        if (normalization.weight is not { } parameter)
        {
            return [Scale(name, factors) with { Mean = mean, Shift = shift, LargestStep = factors.max().ToDouble() }];
        }

        var weight = _take(name, parameter);
        return ScaleFolding.KeepsDigits(weight, factors)
            ? [Scale(name, weight * factors) with { Mean = mean, Shift = shift, LargestStep = factors.max().ToDouble() }]
            // Nothing is certified where one number cannot hold their product.
            : [Scale(name, factors) with { Mean = mean, LargestStep = double.PositiveInfinity },
                Scale(name, weight) with { Shift = shift }];
    }

    private SllLayer Contraction(string name, SllConvolution layer)
    {
        var (map, share) = (layer.Map(), layer.ScaleError());
        var order = SumOrder.InBlocks(map.shape[1] * map.shape[2] * map.shape[3], BlockedSums.Channels * map.shape[2] * map.shape[3]);
        var bias = ScaledBias(name, layer);
        var convolution = new ConvolutionLayer(name, _take(name, map), MapError + share, new(1, 1) { Padding = (1, 1) })
        {
            Bias = bias,
            Order = order,
        };
        var back = SumOrder.InBlocks(map.shape[0] * map.shape[2] * map.shape[3], BlockedSums.Channels * map.shape[2] * map.shape[3]);
        return Contraction(name, layer, convolution, back, bias, share);
    }

    private SllLayer Contraction(string name, SllLinear layer)
    {
        var (map, share) = (layer.Map(), layer.ScaleError());
        var bias = ScaledBias(name, layer);
        var dense = Dense(name, map, MapError + share) with { Bias = bias };
        return Contraction(name, layer, dense, new(map.shape[0]), bias, share) with { IsPrecise = true };
    }

    private SllLayer Contraction(string name, SllResidual layer, Layer map, SumOrder back, Tensor bias, double share)
    {
        var roots = _take(name, layer.Scale().sqrt());
        return new(name, map)
        {
            BackOrder = back,
            Bias = bias,
            Scale = (roots.min().ToDouble(), roots.max().ToDouble()),
            ScaleShare = share,
        };
    }

    private Tensor ScaledBias(string name, SllResidual layer) => _take(name, layer.Bias.to(ScalarType.Float64) * layer.Scale().sqrt());

    private Tensor? Optional(string name, Tensor? weight) => weight is null ? null : _take(name, weight);

    private ChannelScaleLayer Scale(string name, Tensor factors) => new(name, _take(name, factors), FoldError);

    private LinearLayer Dense(string name, Tensor matrix, double relativeError)
    {
        var weight = new BoundedMatrix(_take(name, matrix), 0);
        return new(name, weight with { Error = Rounding.ProductUp(relativeError, weight.Frobenius) });
    }

    private static PoolAxis Axis(int axis, long[] kernel, long[]? stride, long[]? padding, long[]? dilation)
    {
        int At(long[]? values, int byDefault) => values is null or [] ? byDefault : (int)values[axis == 0 ? 0 : ^1];

        return PoolAxis.Sliding(At(kernel, 1), At(stride, At(kernel, 1)), At(padding, 0), At(dilation, 1));
    }

    private static Tensor Finite(string name, Tensor weight)
    {
        var precise = OperatorNorm.Precise(weight);
        return precise.isfinite().all().item<bool>()
            ? precise
            : throw new InvalidDataException(
                $"Layer '{name}' has a weight that is NaN or infinite: its training diverged, or the file is damaged.");
    }
}

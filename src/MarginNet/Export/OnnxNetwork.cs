using MarginNet.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Export;

/// <summary>
/// Networks as nodes of an ONNX graph, in evaluation mode. A container of its own forward is one case here, which says what that is;
/// a Sequential of known modules needs none. Names are those of the modules and of the state dict.
/// </summary>
internal sealed class OnnxNetwork(OnnxGraph graph)
{
    /// <summary>Adds a whole network and returns the name of its scores.</summary>
    /// <exception cref="NotSupportedException">A module is not known; the message names it.</exception>
    public string Add(nn.Module network) => Apply(network, "", OnnxGraph.Input);

    private string Apply(nn.Module module, string name, string x) => module switch
    {
        ResNet18 resnet => ResNet(resnet, x),
        BasicBlock => Residual(module, name, x),
        FastNet fast => Fast(fast, x),
        FastBlock => Halving(module, name, x),
        LipNet lip => Lip(lip, x),
        SllConvolution sll => Contraction(sll, name, x),
        SllLinear sll => Contraction(sll, name, x),
        AolLinear aol => graph.Node(
            "Gemm", name, [x, Weight(name, "weight", aol.Matrix()), Weight(name, "bias", aol.get_parameter("bias")!)], ("transB", 1L)),
        WhiteningLayer => graph.Node(
            "Conv", name, [x, Weight(name, "weight", module.get_buffer("weight")!), Weight(name, "bias", module.get_parameter("bias")!)]),
        NormalizeLayer => graph.Node("Div", name, [graph.Node(
            "Sub", Join(name, "center"),
            [x, Weight(name, "mean", module.get_buffer("mean")!)]), Weight(name, "deviation", module.get_buffer("deviation")!)]),
        Sequential => Through(module, name, x, [.. module.named_children().Select(child => child.name)]),
        Linear linear => Affine(linear, name, x),
        Conv2d { padding_mode: PaddingModes.Zeros, padding_type: null, transposed: false } convolution => Convolution(convolution, name, x),
        PointwiseConvolution convolution => graph.Node(
            "Conv",
            name,
            [x, Weight(name, "weight", convolution.Weight)],
            [.. Window([1, 1], [convolution.Stride], null, [1]), ("group", 1L)]),
        BatchNorm { track_running_stats: true, running_mean: not null, running_var: not null } normalization =>
            BatchNormalization(normalization, name, x),
        ReLU => Relu(name, x),
        LeakyReLU leaky => graph.Node("LeakyRelu", name, [x], ("alpha", (float)leaky.negative_slope)),
        Tanh => graph.Node("Tanh", name, [x]),
        Sigmoid => graph.Node("Sigmoid", name, [x]),
        MaxPool2d { ceil_mode: false } pool =>
            graph.Node("MaxPool", name, [x], Window(pool.kernel_size, pool.stride ?? pool.kernel_size, pool.padding, pool.dilation)),
        AvgPool2d { ceil_mode: false, divisor_override: null } pool => graph.Node(
            "AveragePool", name, [x], [.. Window(pool.kernel_size, pool.stride ?? pool.kernel_size, pool.padding, null),
                ("count_include_pad", pool.count_include_pad ? 1L : 0L)]),
        AdaptiveAvgPool2d pool when Array.TrueForAll(pool.output_size, size => size == 1) => graph.Node("GlobalAveragePool", name, [x]),
        Flatten { start_dim: 1, end_dim: -1 } => graph.Node("Flatten", name, [x], ("axis", 1L)),
        Identity or Dropout or Dropout2d => x,
        _ => throw new NotSupportedException(
            $"Layer '{name}' is a {module.GetType().Name} that, with its settings, cannot be written as ONNX."),
    };

    /// <summary>Applies the children of these names that there are, in that order.</summary>
    private string Through(nn.Module module, string name, string x, params string[] children)
    {
        var own = module.named_children().ToDictionary(child => child.name, child => child.module);
        return children.Where(own.ContainsKey).Aggregate(x, (value, child) => Apply(own[child], Join(name, child), value));
    }

    private string ResNet(ResNet18 network, string x)
    {
        x = Relu("relu", Through(network, "", x, "normalize", "conv1", "bn1"));
        x = Pool("GlobalAveragePool", Through(network, "", x, "maxpool", "layer1", "layer2", "layer3", "layer4"));
        return Scores(network, 1, Through(network, "", x, "fc"));
    }

    private string Residual(nn.Module block, string name, string x)
    {
        var body = Relu(Join(name, "relu1"), Through(block, name, x, "conv1", "bn1"));
        var sum = graph.Node("Add", Join(name, "add"), [Through(block, name, body, "conv2", "bn2"), Through(block, name, x, "downsample")]);
        return Relu(Join(name, "relu2"), sum);
    }

    private string Fast(FastNet network, string x)
    {
        x = Relu("relu", Through(network, "", x, "normalize", "whiten"));
        x = Pool("GlobalMaxPool", Through(network, "", x, "block1", "block2", "block3"));
        return Scores(network, FastNet.FeatureScale, Through(network, "", x, "fc"));
    }

    private string Halving(nn.Module block, string name, string x)
    {
        x = graph.Node("MaxPool", Join(name, "pool"), [Through(block, name, x, "conv1")], Window([2, 2], [2, 2], null, null));
        x = Relu(Join(name, "relu1"), Through(block, name, x, "bn1"));
        return Relu(Join(name, "relu2"), Through(block, name, x, "conv2", "bn2"));
    }

    private string Lip(LipNet network, string x)
    {
        var options = (LipNetOptions)network.Options;
        var channels = LipNet.Channels(options);
        x = Unshuffle("unshuffle1", Through(network, "", x, "normalize"), options.Normalization.Mean.Length, channels);
        x = Unshuffle("unshuffle2", Through(network, "", x, "stage1"), channels, channels * LipNet.Halving * LipNet.Halving);
        x = graph.Node("Flatten", "flatten", [Through(network, "", x, "stage2")], ("axis", 1L));
        return Scores(network, 1, Through(network, "", x, "dense", "fc"));
    }

    /// <summary>Moves squares of pixels into channels, with zero channels behind them, by a convolution of zeros and ones:
    /// ONNX's SpaceToDepth has another order.</summary>
    private string Unshuffle(string name, string x, int channels, int outputs)
    {
        const int Side = LipNet.Halving;
        using var scope = NewDisposeScope();
        var kernel = eye(channels * Side * Side).reshape(-1, channels, Side, Side);
        var padded = cat([kernel, zeros(outputs - (channels * Side * Side), channels, Side, Side)]);
        return graph.Node("Conv", name, [x, Weight(name, "kernel", padded)], Window([Side, Side], [Side, Side], null, null));
    }

    private string Contraction(SllConvolution layer, string name, string x)
    {
        var window = Window([3, 3], [1, 1], [1, 1], null);
        var hidden = Relu(Join(name, "relu"), graph.Node(
            "Conv",
            Join(name, "in"),
            [x, .. Weights(name, ("weight", layer.get_parameter("weight")), ("bias", layer.get_parameter("bias")))],
            window));
        return graph.Node(
            "Sub", name, [x, graph.Node("ConvTranspose", Join(name, "out"), [hidden, Weight(name, "back", layer.Back())], window)]);
    }

    private string Contraction(SllLinear layer, string name, string x)
    {
        var hidden = Relu(Join(name, "relu"), graph.Node(
            "Gemm",
            Join(name, "in"),
            [x, .. Weights(name, ("weight", layer.get_parameter("weight")), ("bias", layer.get_parameter("bias")))],
            ("transB", 1L)));
        return graph.Node("Sub", name, [x, graph.Node("Gemm", Join(name, "out"), [hidden, Weight(name, "back", layer.Back())])]);
    }

    /// <summary>Pools each channel to one number.</summary>
    private string Pool(string operation, string x) => graph.Node("Flatten", "flatten", [graph.Node(operation, "pool", [x])], ("axis", 1L));

    private string Relu(string name, string x) => graph.Node("Relu", name, [x]);

    /// <summary>What <see cref="Classifier"/> makes of the last layer, which a constant of the network's own multiplies before.</summary>
    private string Scores(Classifier network, double factor, string x)
    {
        var scale = factor * network.Options.OutputScale;
        var scaled = scale == 1 ? x : graph.Node("Mul", "scaled", [x, graph.Weight("scale", tensor((float)scale))]);
        return network.Options.Rectify ? Relu("rectified", scaled) : scaled;
    }

    private string Affine(Linear linear, string name, string x)
    {
        string[] inputs = [x, .. Weights(name, ("weight", linear.weight), ("bias", linear.bias))];
        return graph.Node("Gemm", name, inputs, ("transB", 1L));
    }

    private string Convolution(Conv2d convolution, string name, string x) => graph.Node(
        "Conv",
        name,
        [x, .. Weights(name, ("weight", convolution.weight), ("bias", convolution.bias))],
        [.. Window(convolution.weight!.shape[2..], convolution.stride, convolution.padding, convolution.dilation), ("group",
            convolution.groups)]);

    private string BatchNormalization(BatchNorm normalization, string name, string x)
    {
        var (mean, variance) = (normalization.running_mean!, normalization.running_var!);
        using var ones = ones_like(mean);
        using var zeros = zeros_like(mean);
        string[] inputs = [x, .. Weights(
            name, ("weight", normalization.weight ?? ones), ("bias", normalization.bias ?? zeros), ("running_mean", mean),
            ("running_var", variance))];
        return graph.Node("BatchNormalization", name, inputs, ("epsilon", (float)normalization.eps));
    }

    private IEnumerable<string> Weights(string name, params (string Name, Tensor? Value)[] weights) =>
        weights.Where(weight => weight.Value is not null).Select(weight => Weight(name, weight.Name, weight.Value!));

    private string Weight(string name, string weight, Tensor value) => graph.Weight(Join(name, weight), value);

    /// <summary>The attributes of a window that slides over a plane; one number stands for both directions.</summary>
    private static (string Name, object Value)[] Window(long[] kernel, long[]? stride, long[]? padding, long[]? dilation)
    {
        static long[] Pair(long[]? values, long byDefault) => values is null or [] ? [byDefault, byDefault] : [values[0], values[^1]];

        return
        [
            ("kernel_shape", Pair(kernel, 1)),
            ("strides", Pair(stride, 1)),
            ("pads", (long[])[.. Pair(padding, 0), .. Pair(padding, 0)]),
            .. dilation is null ? Array.Empty<(string, object)>() : [("dilations", Pair(dilation, 1))],
        ];
    }

    private static string Join(string parent, string child) => parent.Length == 0 ? child : $"{parent}.{child}";
}

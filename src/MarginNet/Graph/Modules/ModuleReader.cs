using MarginNet.Bounds;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Graph.Modules;

/// <summary>
/// Reads modules of TorchSharp, one case each, and of this library, which say themselves what they are, as graphs of what they compute in
/// evaluation mode. Names are those of the modules and of the state dict.
/// </summary>
internal sealed class ModuleReader
{
    private static readonly Operation Dense = new Operations.Gemm(1, 1, TransposesA: false, TransposesB: true);

    private ModuleReader(GraphBuilder graph) => Graph = graph;

    /// <summary>The graph in the making.</summary>
    public GraphBuilder Graph { get; }

    /// <summary>Reads a network.</summary>
    /// <param name="network">The network, in any mode; its parameters and buffers are those of the graph.</param>
    /// <param name="input">The shape of one input.</param>
    /// <returns>The graph; tensors that are not the network's belong to the dispose scope.</returns>
    /// <exception cref="NotSupportedException">A module is not known, or has a hook; the message names it.</exception>
    /// <exception cref="ArgumentException">The modules do not take that input.</exception>
    public static NetworkGraph Read(nn.Module network, FeatureShape input)
    {
        try
        {
            return Read(network, input.IsVector ? [input.Channels] : [input.Channels, input.Height, input.Width]);
        }
        catch (InvalidDataException e)
        {
            // A vector may be an image of one pixel, as its shape does not tell.
            return input.IsVector && TryRead(network, [input.Channels, 1, 1]) is { } graph ? graph
                : throw new ArgumentException(e.Message, nameof(input), e);
        }
    }

    /// <summary>Adds what a module computes of a value.</summary>
    /// <exception cref="NotSupportedException">It is not known, or has a hook.</exception>
    public Operand Read(string name, nn.Module module, Operand x)
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

        return Read(new ModuleGraph(this, module, name), name, module, x);
    }

    /// <summary>The name of a child in the network.</summary>
    public static string Join(string parent, string child) =>
        parent.Length == 0 ? child : child.Length == 0 ? parent : $"{parent}.{child}";

    private static NetworkGraph Read(nn.Module network, params long[] image)
    {
        var graph = new GraphBuilder(new([Dimension.Batch, .. image.Select(size => new Dimension(size))]));
        return graph.ToGraph(new ModuleReader(graph).Read("", network, graph.Input));
    }

    private static NetworkGraph? TryRead(nn.Module network, params long[] image)
    {
        try
        {
            return Read(network, image);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    /// <summary>Whether a module of this type computes what is said of it here: a subclass may have a forward of its own.</summary>
    private static bool IsExact(Type type) =>
        type == typeof(Sequential)
        || (type.IsSealed && (type.Assembly == typeof(nn.Module).Assembly || type.Assembly == typeof(ModuleReader).Assembly));

    private static NotSupportedException Unknown(string name, nn.Module module) => new(
        $"Layer '{name}' is a {module.GetType().Name} that, with its settings, is not known here: it is refused, "
        + "since taking it for something else would certify what is not proven.");

    private Operand Read(ModuleGraph graph, string name, nn.Module module, Operand x) => module switch
    {
        IGraphModule own => own.AddTo(graph, x),
        Sequential => module.named_children().Aggregate(x, (value, child) => Read(Join(name, child.name), child.module, value)),
        Linear linear => x.Shape.Rank == 2
            ? graph.Add("", Dense, [x, .. Weights(graph, ("weight", linear.weight), ("bias", linear.bias))])
            : Rows(graph, linear, x),
        Conv1d or Conv2d
            when module is Convolution { padding_mode: PaddingModes.Zeros, padding_type: null, transposed: false } convolution =>
            Convolution(graph, convolution, x),
        ConvTranspose1d { padding_mode: PaddingModes.Zeros, padding_type: null } convolution => Transposed(graph, convolution, x),
        // Of two different numbers TorchSharp 0.107 does not take each for its axis.
        ConvTranspose2d { padding_mode: PaddingModes.Zeros, padding_type: null, output_padding: var extra } convolution
            when extra is null || extra.Distinct().Count() < 2 => Transposed(graph, convolution, x),
        BatchNorm normalization => BatchNormalization(graph, name, normalization, x),
        ReLU => graph.Add("", new Operations.Relu(), x),
        Tanh => graph.Add("", new Operations.Tanh(), x),
        Sigmoid => graph.Add("", new Operations.Sigmoid(), x),
        ReLU6 => graph.Add("", new Operations.Clip(0, 6), x),
        LeakyReLU leaky => graph.Add("", new Operations.LeakyRelu(leaky.negative_slope), x),
        PReLU leaky => graph.Add("", new Operations.PRelu(), x, graph.Weight("weight", leaky.num_parameters == 1 ? leaky.weight
            : leaky.weight.reshape([-1, .. Enumerable.Repeat(1L, x.Shape.Rank - 2)]))),
        ELU elu => graph.Add("", new Operations.Elu(elu.alpha), x),
        SiLU => graph.Add("", new Operations.Swish(), x),
        GELU gelu => graph.Add("", new Operations.Gelu(gelu.approximate == GELU.Approximate.tanh), x),
        Hardswish => graph.Add("", new Operations.HardSwish(), x),
        Hardsigmoid => graph.Add("", new Operations.HardSigmoid(1.0 / 6, 0.5), x),
        Mish => graph.Add("", new Operations.Mish(), x),
        Softsign => graph.Add("", new Operations.Softsign(), x),
        Softmax { dim: var dim } when IsAxis(dim, x) => graph.Add("", new Operations.Softmax(Axis(dim, x)), x),
        LogSoftmax { dim: var dim } when IsAxis(dim, x) => graph.Add("", new Operations.LogSoftmax(Axis(dim, x)), x),
        LayerNorm norm => LayerNormalization(graph, norm, x),
        GroupNorm norm => graph.Add("", new Operations.GroupNormalization(norm.num_groups, x.Shape.Rank - 2, norm.eps), [x, .. Affine(
            graph, x, norm.weight, norm.bias)]),
        InstanceNorm { track_running_stats: false } norm => graph.Add("", new Operations.InstanceNormalization(norm.eps), [x, .. Affine(
            graph, x, norm.weight, norm.bias)]),
        MaxPool1d or MaxPool2d => MaxPool(graph, module, x),
        AvgPool1d or AvgPool2d { divisor_override: null } => AveragePool(graph, module, x),
        AdaptiveAvgPool1d { output_size: 1 } => graph.Add("", new Operations.GlobalAveragePool(), x),
        AdaptiveAvgPool2d pool => Array.TrueForAll(pool.output_size, size => size == 1)
            ? graph.Add("", new Operations.GlobalAveragePool(), x)
            : graph.Add("", Operations.AdaptiveAveragePool.Of(x.Shape, [pool.output_size[0], pool.output_size[^1]]), x),
        AdaptiveMaxPool1d { output_size: 1 } => graph.Add("", new Operations.GlobalMaxPool(), x),
        AdaptiveMaxPool2d { output_size: var sizes } when Array.TrueForAll(sizes, size => size == 1) =>
            graph.Add("", new Operations.GlobalMaxPool(), x),
        Flatten { start_dim: 1, end_dim: -1 } => graph.Add("", new Operations.Flatten(1), x),
        Unflatten { dim: > 0 } unflatten => graph.Add("", new Operations.Reshape(Unflattened(x.Shape, unflatten)), x),
        PixelUnshuffle unshuffle => graph.Add("", new Operations.PixelUnshuffle(unshuffle.downscale_factor, x.Shape[1].Count), x),
        Identity or Dropout or Dropout1d or Dropout2d or Dropout3d or AlphaDropout or FeatureAlphaDropout => x,
        _ => throw Unknown(name, module),
    };

    /// <summary>A linear layer of the last of several axes.</summary>
    private static Operand Rows(ModuleGraph graph, Linear linear, Operand x)
    {
        var product = graph.Add(
            linear.bias is null ? "" : "product", new Operations.MatMul(), x, graph.Weight("weight", linear.weight.t()));
        return linear.bias is null ? product : graph.Add("", new Operations.Add(), product, graph.Weight("bias", linear.bias));
    }

    private static Operand Convolution(ModuleGraph graph, Convolution convolution, Operand x)
    {
        var kernel = convolution.weight!.shape[2..];
        var window = Sliding(kernel.Length, kernel, convolution.stride, convolution.padding, convolution.dilation);
        return graph.Add(
            "", new Operations.Convolution(window, convolution.groups),
            [x, .. Weights(graph, ("weight", convolution.weight), ("bias", convolution.bias))]);
    }

    private static Operand Transposed(ModuleGraph graph, ConvolutionTranspose convolution, Operand x)
    {
        var kernel = convolution.weight!.shape[2..];
        var window = Sliding(kernel.Length, kernel, convolution.stride, convolution.padding, convolution.dilation);
        return graph.Add(
            "", new Operations.ConvTranspose(window, [.. Each(kernel.Length, convolution.output_padding, 0)], convolution.groups),
            [x, .. Weights(graph, ("weight", convolution.weight), ("bias", convolution.bias))]);
    }

    private static Operand MaxPool(ModuleGraph graph, nn.Module module, Operand x)
    {
        var (window, isCeiling) = module switch
        {
            MaxPool1d pool => (Sliding(
                1, [pool.kernel_size], [pool.stride ?? pool.kernel_size], [pool.padding ?? 0], [pool.dilation ?? 1]), pool.ceil_mode),
            MaxPool2d pool => (Sliding(
                2, pool.kernel_size, pool.stride ?? pool.kernel_size, pool.padding, pool.dilation), pool.ceil_mode),
            _ => throw new ArgumentException($"A {module.GetType().Name} is no such pooling.", nameof(module)),
        };
        return graph.Add("", new Operations.MaxPool(window, isCeiling), x);
    }

    private static Operand AveragePool(ModuleGraph graph, nn.Module module, Operand x)
    {
        var operation = module switch
        {
            AvgPool1d pool => new Operations.AveragePool(
                Sliding(1, [pool.kernel_size], [pool.stride ?? pool.kernel_size], [pool.padding ?? 0], null),
                pool.ceil_mode, pool.count_include_pad),
            AvgPool2d pool => new Operations.AveragePool(
                Sliding(2, pool.kernel_size, pool.stride ?? pool.kernel_size, pool.padding, null), pool.ceil_mode, pool.count_include_pad),
            _ => throw new ArgumentException($"A {module.GetType().Name} is no such pooling.", nameof(module)),
        };
        return graph.Add("", operation, x);
    }

    private static Operand BatchNormalization(ModuleGraph graph, string name, BatchNorm normalization, Operand x)
    {
        if (!normalization.track_running_stats || normalization is not { running_mean: { } mean, running_var: { } variance })
        {
            throw new NotSupportedException($"Layer '{name}' normalises by each batch's own statistics, so what it computes of an image "
                + "depends on the others: train it with running statistics.");
        }

        return graph.Add("", new Operations.BatchNormalization(normalization.eps, normalization.momentum), [x, .. Weights(
            graph, ("weight", normalization.weight ?? ones_like(mean)), ("bias", normalization.bias ?? zeros_like(mean)),
            ("running_mean", mean), ("running_var", variance))]);
    }

    private static Operand LayerNormalization(ModuleGraph graph, LayerNorm norm, Operand x) => graph.Add(
        "", new Operations.LayerNormalization(norm.normalized_shape.Length, norm.eps),
        [x, .. Weights(graph, ("weight", norm.weight ?? ones(norm.normalized_shape)), ("bias", norm.bias))]);

    /// <summary>A scale and a bias for each channel, where there are none those that change nothing.</summary>
    private static IEnumerable<Operand> Affine(ModuleGraph graph, Operand x, Tensor? weight, Tensor? bias) =>
        Weights(graph, ("weight", weight ?? ones(x.Shape[1].Count)), ("bias", bias ?? zeros(x.Shape[1].Count)));

    private static bool IsAxis(long axis, Operand x) => axis >= -x.Shape.Rank && axis < x.Shape.Rank && !x.Shape[(int)axis].IsPerImage;

    private static int Axis(long axis, Operand x) => (int)(axis < 0 ? axis + x.Shape.Rank : axis);

    private static ValueShape Unflattened(ValueShape x, Unflatten unflatten)
    {
        var sizes = unflatten.unflattened_size;
        var known = sizes.Where(size => size >= 0).Aggregate(1L, (product, size) => product * Math.Max(1, size));
        var target = sizes.Select(size => new Dimension(size >= 0 ? size : x[(int)unflatten.dim].Count / known));
        return new([.. x.Sizes.Take((int)unflatten.dim), .. target, .. x.Sizes.Skip((int)unflatten.dim + 1)]);
    }

    private static IEnumerable<Operand> Weights(ModuleGraph graph, params (string Name, Tensor? Value)[] weights) =>
        weights.Where(weight => weight.Value is not null).Select(weight => graph.Weight(weight.Name, weight.Value!));

    private static Operations.Window Sliding(int axes, long[] kernel, long[]? strides, long[]? padding, long[]? dilations) => new(
        [.. Each(axes, kernel, 1)], [.. Each(axes, strides, 1)], [.. Each(axes, padding, 0)], [.. Each(axes, padding, 0)],
        [.. Each(axes, dilations, 1)]);

    /// <summary>One number for each axis; one alone stands for all.</summary>
    private static IEnumerable<long> Each(int axes, long[]? values, long byDefault) =>
        values is null or [] ? Enumerable.Repeat(byDefault, axes) : values.Length == axes ? values : Enumerable.Repeat(values[0], axes);
}

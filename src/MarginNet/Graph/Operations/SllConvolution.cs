using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>The residual layer of 3×3 convolutions.</summary>
internal sealed record SllConvolution : SllOperation
{
    /// <summary>Height and width of the kernels.</summary>
    public const int Side = BlockedConvolution.Side;

    private const int Padding = BlockedConvolution.Padding;

    private static readonly Window Around = BlockedConvolution.Around;

    public override string Kind => nameof(SllConvolution);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 4 } x, { Rank: 4 } weight, var bias]
        && weight == new ValueShape(weight[0], x[1], Side, Side) && bias == new ValueShape(weight[0])
            ? x : throw Misfit(inputs, $"[N, C, H, W], [hidden, C, {Side}, {Side}] and [hidden]");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (input, weight, bias) = (inputs[0], inputs[1], inputs[2]);
        if (!isTraining)
        {
            var hidden = F.relu(BlockedSums.Convolve(input, weight, Padding).add_(bias.reshape(-1, 1, 1)), inplace: true);
            return input - BlockedSums.Convolve(hidden, Back(weight, weight.dtype, isTraining).flip(2, 3).transpose(0, 1), Padding);
        }

        var inner = F.relu(F.conv2d(input, weight, bias, padding: [Padding, Padding]), inplace: true);
        // The transposed convolution as a plain one, whose kernels are right on more processors.
        var back = Back(weight, weight.dtype, isTraining).transpose(0, 1).flip(2, 3);
        return input - F.conv2d(inner, back, padding: [Padding, Padding]);
    }

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var weight = inputs[1].Constant!.to(ScalarType.Float64);
        var back = graph.Constant(
            $"{name}/back", Back(weight, ScalarType.Float64, isTraining: false).flip(2, 3).transpose(0, 1).contiguous());
        var hidden = graph.Add($"{name}/relu", new Relu(), graph.Add($"{name}/in", new Convolution(Around, 1), inputs));
        return graph.Add(name, new Sub(), inputs[0], graph.Add($"{name}/out", new Convolution(Around, 1), hidden, back));
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        (string, object)[] window = [.. Around.Attributes];
        var weight = writer.Parameter(inputs[1]);
        var back = writer.Constant($"{name}.back", Back(weight, weight.dtype, isTraining: false));
        writer.Node("Conv", $"{name}.in", inputs, window);
        writer.Node("Relu", $"{name}.relu", [$"{name}.in"]);
        writer.Node("ConvTranspose", $"{name}.out", [$"{name}.relu", back], window);
        writer.Node("Sub", name, [inputs[0], $"{name}.out"]);
    }

    protected override SllLayer Layer(string name, Tensor map, double relativeError, Tensor bias)
    {
        var convolution = new ConvolutionLayer(name, map, relativeError, new(1, 1) { Padding = (Padding, Padding) })
        {
            Bias = bias,
            Order = BlockedSums.Order(map.shape[1], Side * Side),
        };
        return new(name, convolution) { BackOrder = BlockedSums.Order(map.shape[0], Side * Side), Bias = bias };
    }

    /// <summary>The correlations of the kernels at every shift are the entries of WWᵀ, away from the border.</summary>
    protected override Tensor RowSums(Tensor weight) =>
        F.conv2d(MemoryOrder.ChannelsLast(weight), weight, padding: [Side - 1, Side - 1]).abs().sum([1, 2, 3]);
}

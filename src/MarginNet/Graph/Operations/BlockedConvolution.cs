using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>A 3×3 convolution of as many pixels as it is given. In evaluation its sums are formed in blocks
/// (<see cref="BlockedSums"/>), for the sake of certified radii.</summary>
/// <remarks>Inputs: x [N, K, H, W], W [M, K, 3, 3] and b [M].</remarks>
internal sealed record BlockedConvolution : Operation
{
    /// <summary>Height and width of the kernels.</summary>
    public const int Side = 3;

    /// <summary>Rows and columns of zeros on each side.</summary>
    public const int Padding = Side / 2;

    /// <summary>Where the kernels are applied.</summary>
    public static readonly Window Around = new([Side, Side], [1, 1], [Padding, Padding], [Padding, Padding], [1, 1]);

    public override string Kind => nameof(BlockedConvolution);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 4 } x, { Rank: 4 } weight, var bias]
        && weight == new ValueShape(weight[0], x[1], Side, Side) && bias == new ValueShape(weight[0])
            ? x.With(1, weight[0]) : throw Misfit(inputs, $"[N, K, H, W], [M, K, {Side}, {Side}] and [M]");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override Tensor Run(Tensor[] inputs, bool isTraining) => isTraining
        ? F.conv2d(inputs[0], inputs[1], inputs[2], padding: [Padding, Padding])
        : BlockedSums.Convolve(inputs[0], inputs[1], Padding).add_(inputs[2].reshape(-1, 1, 1));

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs) =>
        graph.Add(name, new Convolution(Around, 1), inputs);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
    [
        new ConvolutionLayer(node.Name, node.Weight(1), 0, new(1, 1) { Padding = (Padding, Padding) })
        {
            Bias = node.Weight(2),
            Order = BlockedSums.Order(node.Weight(1).shape[1], Side * Side),
        },
    ];

    public override void Write(OnnxWriter writer, string name, string[] inputs) =>
        writer.Node("Conv", name, inputs, [.. Around.Attributes]);
}

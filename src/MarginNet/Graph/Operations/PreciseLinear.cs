using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>
/// Wx + b over the channels, of vectors or of every pixel. In evaluation, in float32, its sums are formed in float64 and rounded once, for
/// the sake of certified radii.
/// </summary>
/// <remarks>Inputs: x [N, K] or [N, K, H, W], W [M, K] and b [M].</remarks>
/// <param name="IsPointwise">Whether it is of every pixel.</param>
internal sealed record PreciseLinear(bool IsPointwise) : Operation
{
    private static readonly Window Pixel = new([1, 1], [1, 1], [0, 0], [0, 0], [1, 1]);

    public override string Kind => nameof(PreciseLinear);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x, { Rank: 2 } weight, var bias] && x.Rank == (IsPointwise ? 4 : 2) && weight[1] == x[1]
            && bias == new ValueShape(weight[0])
            ? x.With(1, weight[0]) : throw Misfit(inputs, $"{(IsPointwise ? "[N, K, H, W]" : "[N, K]")}, [M, K] and [M]");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var precision = isTraining || Autocast.IsOn(inputs[0].device_type) ? inputs[0].dtype : ScalarType.Float64;
        var pixels = inputs[0].movedim([1], [-1]).to(precision);
        return F.linear(pixels, inputs[1].to(precision), inputs[2].to(precision)).to(inputs[0].dtype).movedim([-1], [1]);
    }

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs) => IsPointwise
        ? graph.Add(
            name, new Convolution(Pixel, 1), inputs[0], graph.Constant($"{name}/kernel", Kernel(inputs[1].Constant!)), inputs[2])
        : graph.Add(name, new Gemm(1, 1, TransposesA: false, TransposesB: true), inputs);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => IsPointwise
        ? [new ConvolutionLayer(node.Name, Kernel(node.Weight(1)), 0, new(1, 1)) { Bias = node.Weight(2), IsPrecise = true }]
        : [LinearLayer.Of(node.Name, node.Weight(1), 0) with { Bias = node.Weight(2), IsPrecise = true }];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        if (!IsPointwise)
        {
            writer.Node("Gemm", name, inputs, ("transB", 1L));
            return;
        }

        using var scope = NewDisposeScope();
        writer.Constant(inputs[1], Kernel(writer.Parameter(inputs[1])));
        writer.Node("Conv", name, inputs, [.. Pixel.Attributes]);
    }

    private static Tensor Kernel(Tensor weight) => weight.reshape(weight.shape[0], weight.shape[1], 1, 1);
}

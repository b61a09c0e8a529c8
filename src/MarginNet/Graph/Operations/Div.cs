using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The quotient of two values; that of integers is cut towards 0.</summary>
internal sealed record Div : BinaryOperation
{
    public override string Kind => "Div";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Div(), node.Input(0), node.Input(1))];

    public override Tensor Transposed(LayerNode node, int input, Tensor y) =>
        node.Shapes[0] == node.Shape ? y / node.Stored(1) : base.Transposed(node, input, y);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => node.Data == 0 && node.PerChannel(1) is { } divisors
        ? [ChannelScaleLayer.Of(node.Name, node.Take(1 / divisors))]
        : null;

    protected override Tensor Run(Tensor left, Tensor right) =>
        left.is_floating_point() || right.is_floating_point() ? left / right : left.div(right, RoundingMode.trunc);
}

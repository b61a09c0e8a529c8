using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>For each number the sum of those up to it along an axis.</summary>
/// <param name="Axis">The axis, from 0; not that of the images.</param>
/// <param name="IsExclusive">Whether the number itself is left out.</param>
/// <param name="IsReverse">Whether it goes from the end.</param>
internal sealed record CumSum(int Axis, bool IsExclusive, bool IsReverse) : Operation
{
    public override string Kind => "CumSum";

    public override bool IsAffine(LayerNode node) => true;

    public override long Terms(LayerNode node) => node.Shape[Axis].Count + 1;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, axis) = (node.Input(0), OnnxNode.Axis((long)OnnxNode.KnownNumber(node.Input(1)), node.Input(0).Shape.Rank));
        return [graph.Add(node.Name, new CumSum(axis, node.Integer("exclusive", 0) != 0, node.Integer("reverse", 0) != 0), x)];
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var x] && Axis < x.Rank && !x[Axis].IsPerImage ? x
        : throw Misfit(inputs, $"a value with axis {Axis}, which is not that of the images");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var x = IsReverse ? inputs[0].flip(Axis) : inputs[0];
        var sums = x.cumsum(Axis);
        sums = IsExclusive ? sums - x : sums;
        return IsReverse ? sums.flip(Axis) : sums;
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs) => writer.Node(
        Kind, name, [.. inputs, writer.Constant($"{name}/axis", tensor((long)Axis))],
        ("exclusive", IsExclusive ? 1L : 0), ("reverse", IsReverse ? 1L : 0));
}

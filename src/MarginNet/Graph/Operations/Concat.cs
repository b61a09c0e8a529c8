using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>Values one behind the other along an axis.</summary>
/// <param name="Axis">The axis, from 0.</param>
internal sealed record Concat(int Axis) : Operation
{
    public override string Kind => "Concat";

    public override bool IsAffine(LayerNode node) => true;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("axis", (long)Axis)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var axis = OnnxNode.Axis(node.Integer("axis"), node.Input(0).Shape.Rank);
        var images = node.All().FirstOrDefault(operand => operand.IsData)?.Shape.BatchAxis;
        // In a file that is made for one image, a class token has its axis, of size 1.
        var inputs = node.Batch == 1 && images is { } batch
            ? Array.ConvertAll(node.All(), operand => !operand.IsData && batch < operand.Shape.Rank && operand.Shape[batch] == 1
                ? Expand.To($"{operand.Name}/each", graph, operand, operand.Shape.With(batch, Dimension.Batch)) : operand)
            : node.All();
        return [graph.Add(node.Name, new Concat(axis), inputs)];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is not [var first, ..] || Axis >= first.Rank || inputs.Any(
            input => input.Rank != first.Rank || input[Axis].IsPerImage || input.With(Axis, first[Axis]) != first))
        {
            throw Misfit(inputs, $"values alike but for axis {Axis}, which is not that of the images");
        }

        return first.With(Axis, inputs.Sum(input => input[Axis].Count));
    }

    public override Layer? Join(LayerNode node, IReadOnlyList<IReadOnlyList<Layer>> branches) =>
        Axis == 1 ? new BranchesLayer(node.Name, branches) : null;

    public override Tensor Run(Tensor[] inputs, bool isTraining) => cat(inputs, Axis);
}

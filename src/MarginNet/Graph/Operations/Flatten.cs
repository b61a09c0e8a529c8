using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>All axes before one into the first, the others into the second.</summary>
/// <param name="Axis">The axis, from 0 to the rank.</param>
internal sealed record Flatten(int Axis) : Operation
{
    public override string Kind => "Flatten";

    public override bool IsAffine(LayerNode node) => true;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("axis", (long)Axis)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (axis, rank) = (node.Integer("axis", 1), node.Input(0).Shape.Rank);
        return [graph.Add(node.Name, new Flatten(axis == rank ? rank : OnnxNode.Axis(axis, rank)), node.Input(0))];
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var only] && Axis <= only.Rank
        ? new(new ValueShape([.. only.Sizes.Take(Axis)]).Count, new ValueShape([.. only.Sizes.Skip(Axis)]).Count)
        : throw Misfit(inputs, $"one input of {Axis} axes or more");

    public override Tensor Transposed(LayerNode node, int input, Tensor y) => y.reshape(node.Shapes[0].At(y.shape[0]));

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Layers(node);

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var shape = inputs[0].shape;
        return inputs[0].reshape(shape.Take(Axis).Aggregate(1L, (product, size) => product * size), -1);
    }
}

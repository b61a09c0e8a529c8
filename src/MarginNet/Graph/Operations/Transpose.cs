using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The axes in another order.</summary>
/// <param name="Order">For each axis of the value, that of the input.</param>
internal sealed record Transpose(ImmutableArray<int> Order) : Operation
{
    public override string Kind => "Transpose";

    public override bool IsAffine(LayerNode node) => true;

    protected override IEnumerable<(string Name, object Value)> Attributes =>
        [("perm", (long[])[.. Order.Select(axis => (long)axis)])];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, rank) = (node.Input(0), node.Input(0).Shape.Rank);
        var order = node.Has("perm") ? Array.ConvertAll(node.Integers("perm", rank, 0, 0, rank - 1), axis => (int)axis)
            : [.. Enumerable.Range(0, rank).Reverse()];
        return [graph.Add(node.Name, new Transpose([.. order]), x)];
    }

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var only] && only.Rank == Order.Length && Order.Order().SequenceEqual(Enumerable.Range(0, only.Rank))
            ? new([.. Order.Select(axis => only[axis])])
            : throw Misfit(inputs, $"a value whose axes are those of [{string.Join(", ", Order)}]");

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Layers(node);

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].permute([.. Order.Select(axis => (long)axis)]);
}

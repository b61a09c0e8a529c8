using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The largest along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceMax(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceMax";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceMax(axes, keepsAxes));

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        OfPlane(node) is { } behind ? [new MaxPoolLayer(node.Name, PoolAxis.Adaptive(1), PoolAxis.Adaptive(1)), .. behind] : null;

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs) =>
        Simplify(new Max(), graph, name, inputs[0]);

    protected override Tensor Run(Tensor input, long[] axes) => input.amax(axes, KeepsAxes);
}

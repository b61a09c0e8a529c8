using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The mean along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceMean(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceMean";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceMean(axes, keepsAxes));

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        OfPlane(node) is { } behind ? [new AveragePoolLayer(node.Name, PoolAxis.Adaptive(1), PoolAxis.Adaptive(1)), .. behind] : null;

    protected override Tensor Run(Tensor input, long[] axes) => input.mean(axes, KeepsAxes);
}

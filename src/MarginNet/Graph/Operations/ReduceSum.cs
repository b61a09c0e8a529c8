using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The sum along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceSum(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceSum";

    public override bool IsAffine(LayerNode node) => true;

    protected override bool TakesAxes => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceSum(axes, keepsAxes));

    protected override Tensor Run(Tensor input, long[] axes) => input.sum(axes, KeepsAxes);
}

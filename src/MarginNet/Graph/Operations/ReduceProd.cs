using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The product along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceProd(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceProd";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceProd(axes, keepsAxes));

    protected override Tensor Run(Tensor input, long[] axes) =>
        axes.OrderDescending().Aggregate(input, (value, axis) => value.prod(axis, KeepsAxes));
}

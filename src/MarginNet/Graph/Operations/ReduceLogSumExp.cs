using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The logarithm of the sum of exponentials along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceLogSumExp(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceLogSumExp";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceLogSumExp(axes, keepsAxes));

    protected override Tensor Run(Tensor input, long[] axes) =>
        axes.OrderDescending().Aggregate(input, (value, axis) => value.logsumexp(axis, KeepsAxes));
}

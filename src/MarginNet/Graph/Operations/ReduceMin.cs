using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The smallest along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceMin(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceMin";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceMin(axes, keepsAxes));

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs) =>
        Simplify(new Min(), graph, name, inputs[0]);

    protected override Tensor Run(Tensor input, long[] axes) => input.amin(axes, KeepsAxes);
}

using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The Euclidean norm along some axes.</summary>
/// <param name="Axes">The axes, from 0.</param>
/// <param name="KeepsAxes">Whether they stay, of size 1.</param>
internal sealed record ReduceL2(ImmutableArray<int> Axes, bool KeepsAxes) : Reduction(Axes, KeepsAxes)
{
    public override string Kind => "ReduceL2";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        Read(node, graph, (axes, keepsAxes) => new ReduceL2(axes, keepsAxes));

    /// <summary>Computes √Σx², with the gradient 0 at x = 0.</summary>
    public static Tensor Norm(Tensor input, long[] axes, bool keepsAxes)
    {
        var squared = (input * input).sum(axes, keepsAxes);
        return (squared + squared.logical_not()).sqrt() * squared.sign();
    }

    protected override Tensor Run(Tensor input, long[] axes) => Norm(input, axes, KeepsAxes);
}

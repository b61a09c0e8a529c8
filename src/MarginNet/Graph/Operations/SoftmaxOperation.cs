using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>What softmax and its logarithm have in common. They go along one axis, which is not that of the images.</summary>
/// <param name="Axis">The axis, from 0.</param>
internal abstract record SoftmaxOperation(int Axis) : Operation
{
    private const int AxisSet = 13; // Before it, all axes from the attribute's on were one.

    protected sealed override IEnumerable<(string Name, object Value)> Attributes => [("axis", (long)Axis)];

    public sealed override ValueShape Shape(ValueShape[] inputs) => inputs is [var only] && Axis < only.Rank && !only[Axis].IsPerImage
        ? only : throw Misfit(inputs, $"one input, whose axis {Axis} is not that of the images");

    public sealed override Tensor Run(Tensor[] inputs, bool isTraining) => Run(inputs[0]);

    protected abstract Tensor Run(Tensor input);

    /// <summary>Reads a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="make">The operation along an axis.</param>
    /// <param name="compose">The same along several, given x less its maximum, the exponential of that, and its sum.</param>
    protected static Operand[] Read(
        OnnxNode node, GraphBuilder graph, Func<int, SoftmaxOperation> make, Func<Operand, Operand, Operand, Operand> compose)
    {
        var x = node.Input(0);
        var first = OnnxNode.Axis(node.Integer("axis", node.OperatorSet < AxisSet ? 1 : -1), x.Shape.Rank);
        int[] axes = node.OperatorSet < AxisSet ? [.. Enumerable.Range(first, x.Shape.Rank - first).Where(axis => x.Shape[axis] != 1)] : [];
        if (axes.Length <= 1)
        {
            return [graph.Add(node.Name, make(axes.Length == 1 ? axes[0] : first), x)];
        }

        var largest = graph.Add($"{node.Name}/max", new ReduceMax([.. axes], KeepsAxes: true), x);
        var shifted = graph.Add($"{node.Name}/shifted", new Sub(), x, largest);
        var exponential = graph.Add($"{node.Name}/exp", new Exp(), shifted);
        return [compose(shifted, exponential, graph.Add($"{node.Name}/sum", new ReduceSum([.. axes], KeepsAxes: true), exponential))];
    }
}

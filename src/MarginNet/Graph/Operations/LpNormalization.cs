using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x / ‖x‖ₚ along an axis, and 0 where the norm is 0.</summary>
/// <param name="Axis">The axis, from 0.</param>
/// <param name="Order">p, 1 or 2.</param>
internal sealed record LpNormalization(int Axis, long Order) : Operation
{
    public override string Kind => "LpNormalization";

    protected override IEnumerable<(string Name, object Value)> Attributes => [("axis", (long)Axis), ("p", Order)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, order) = (node.Input(0), node.Integer("p", 2));
        return order is 1 or 2
            ? [graph.Add(node.Name, new LpNormalization(OnnxNode.Axis(node.Integer("axis", -1), x.Shape.Rank), order), x)]
            : throw new InvalidDataException($"Its attribute 'p' is {order}: expected 1 or 2.");
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var x] && Axis < x.Rank && !x[Axis].IsPerImage
        ? x : throw Misfit(inputs, $"one input, whose axis {Axis} is not that of the images");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var norm = Order == 1 ? inputs[0].abs().sum([Axis], keepdim: true) : ReduceL2.Norm(inputs[0], [Axis], keepsAxes: true);
        return inputs[0] / (norm + norm.logical_not());
    }
}

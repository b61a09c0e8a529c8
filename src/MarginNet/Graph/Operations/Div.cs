using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The quotient of two values; that of integers is cut towards 0.</summary>
internal sealed record Div : BinaryOperation
{
    public override string Kind => "Div";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Div(), node.Input(0), node.Input(1))];

    protected override Tensor Run(Tensor left, Tensor right) =>
        left.is_floating_point() || right.is_floating_point() ? left / right : left.div(right, RoundingMode.trunc);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The difference of two values.</summary>
internal sealed record Sub : BinaryOperation
{
    public override string Kind => "Sub";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sub(), node.Input(0), node.Input(1))];

    protected override Tensor Run(Tensor left, Tensor right) => left - right;
}

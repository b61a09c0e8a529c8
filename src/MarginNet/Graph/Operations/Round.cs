using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The nearest integer, halves to the even one; its gradient is zero.</summary>
internal sealed record Round : ElementwiseOperation
{
    public override string Kind => "Round";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Round(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.round();
}

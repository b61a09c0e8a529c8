using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>−1, 0 or 1; its gradient is zero.</summary>
internal sealed record Sign : ElementwiseOperation
{
    public override string Kind => "Sign";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sign(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.sign();
}

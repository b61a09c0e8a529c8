using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>eˣ.</summary>
internal sealed record Exp : ElementwiseOperation
{
    public override string Kind => "Exp";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Exp(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.exp();
}

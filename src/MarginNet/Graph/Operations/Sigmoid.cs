using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1/(1 + exp(−x)).</summary>
internal sealed record Sigmoid : ElementwiseOperation
{
    public override string Kind => "Sigmoid";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sigmoid(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.sigmoid();
}

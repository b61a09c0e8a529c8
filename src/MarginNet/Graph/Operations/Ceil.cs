using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The smallest integer not below x; its gradient is zero.</summary>
internal sealed record Ceil : ElementwiseOperation
{
    public override string Kind => "Ceil";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Ceil(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.ceil();
}

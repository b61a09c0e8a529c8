using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>√x.</summary>
internal sealed record Sqrt : ElementwiseOperation
{
    public override string Kind => "Sqrt";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sqrt(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.sqrt();
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The hyperbolic tangent.</summary>
internal sealed record Tanh : ElementwiseOperation
{
    public override string Kind => "Tanh";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Tanh(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.tanh();
}

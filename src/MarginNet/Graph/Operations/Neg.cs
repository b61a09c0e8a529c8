using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>−x.</summary>
internal sealed record Neg : ElementwiseOperation
{
    public override string Kind => "Neg";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Neg(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.neg();
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1/x.</summary>
internal sealed record Reciprocal : ElementwiseOperation
{
    public override string Kind => "Reciprocal";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Reciprocal(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.reciprocal();
}

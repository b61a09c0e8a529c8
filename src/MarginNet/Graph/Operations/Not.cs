using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1 where a constant is 0, else 0.</summary>
internal sealed record Not : ElementwiseOperation
{
    public override string Kind => "Not";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Not(), Comparison.Fixed(node.Input(0)))];

    protected override Tensor Run(Tensor input) => input.logical_not().to(ScalarType.Int64);
}

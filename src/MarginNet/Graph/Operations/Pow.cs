using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The first value to the power of the second, of the first one's type.</summary>
internal sealed record Pow : BinaryOperation
{
    public override string Kind => "Pow";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Pow(), node.Input(0), node.Input(1))];

    protected override Tensor Run(Tensor left, Tensor right) => left.pow(right).to(left.dtype);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The larger of two numbers; of more inputs in turn.</summary>
internal sealed record Max : BinaryOperation
{
    public override string Kind => "Max";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [Chain(new Max(), node.Name, node.All(), graph)];

    protected override Tensor Run(Tensor left, Tensor right) => left.maximum(right);
}

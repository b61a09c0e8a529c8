using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The smaller of two numbers; of more inputs in turn.</summary>
internal sealed record Min : BinaryOperation
{
    public override string Kind => "Min";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [Chain(new Min(), node.Name, node.All(), graph)];

    protected override Tensor Run(Tensor left, Tensor right) => left.minimum(right);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The sum of two values: of two branches, or of one and a bias.</summary>
internal sealed record Add : BinaryOperation
{
    public override string Kind => "Add";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Add(), node.Input(0), node.Input(1))];

    public override ParameterRole Role(int input) => ParameterRole.Weight; // A bias.

    protected override Tensor Run(Tensor left, Tensor right) => left + right;
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The larger of two numbers; of more inputs in turn.</summary>
internal sealed record Max : BinaryOperation
{
    public override string Kind => "Max";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [Chain(new Max(), node.Name, node.All(), graph)];

    /// <summary>a + relu(b − a).</summary>
    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var lead = graph.Add($"{name}/lead", new Relu(), graph.Add($"{name}/difference", new Sub(), inputs[1], inputs[0]));
        return graph.Add(name, new Add(), inputs[0], lead);
    }

    protected override Tensor Run(Tensor left, Tensor right) => left.maximum(right);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The smaller of two numbers; of more inputs in turn.</summary>
internal sealed record Min : BinaryOperation
{
    public override string Kind => "Min";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [Chain(new Min(), node.Name, node.All(), graph)];

    /// <summary>b − relu(b − a), b being the constant if one is: so intervals know that nothing is above it.</summary>
    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var (a, b) = inputs[0].Constant is null ? (inputs[0], inputs[1]) : (inputs[1], inputs[0]);
        var lead = graph.Add($"{name}/lead", new Relu(), graph.Add($"{name}/difference", new Sub(), b, a));
        return graph.Add(name, new Sub(), b, lead);
    }

    protected override Tensor Run(Tensor left, Tensor right) => left.minimum(right);
}

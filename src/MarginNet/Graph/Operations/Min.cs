using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The smaller of two numbers; of more inputs in turn.</summary>
internal sealed record Min : BinaryOperation
{
    public override string Kind => "Min";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [Chain(new Min(), node.Name, node.All(), graph)];

    /// <summary>a − relu(a − b).</summary>
    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var lead = graph.Add($"{name}/lead", new Relu(), graph.Add($"{name}/difference", new Sub(), inputs[0], inputs[1]));
        return graph.Add(name, new Sub(), inputs[0], lead);
    }

    protected override Tensor Run(Tensor left, Tensor right) => left.minimum(right);
}

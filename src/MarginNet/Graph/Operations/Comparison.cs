using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1 where two values compare, else 0, by which the gradient is 0.</summary>
/// <param name="Operator">ONNX's name.</param>
/// <param name="IsReal">Whether it is a real number, as all that depends on images is, else an integer.</param>
internal sealed record Comparison(string Operator, bool IsReal) : BinaryOperation
{
    private const long Float = 1; // In ONNX's TensorProto.DataType.

    public override string Kind => Operator;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Comparison(node.Operator, node.Input(0).IsData || node.Input(1).IsData), node.Input(0), node.Input(1))];

    protected override Tensor Run(Tensor left, Tensor right) => (Operator switch
    {
        "And" => left.logical_and(right),
        "Equal" => left.eq(right),
        "Greater" => left.gt(right),
        "GreaterOrEqual" => left.ge(right),
        "Less" => left.lt(right),
        "LessOrEqual" => left.le(right),
        "Or" => left.logical_or(right),
        _ => left.logical_xor(right),
    }).to(!IsReal ? ScalarType.Int64 : left.is_floating_point() ? left.dtype : right.dtype);

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node(Kind, $"{name}/holds", inputs);
        writer.Node("Cast", name, [$"{name}/holds"], ("to", Float));
    }
}

using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1 where two constants compare, else 0. It has no gradient, so that of data is refused.</summary>
/// <param name="Operator">ONNX's name.</param>
internal sealed record Comparison(string Operator) : BinaryOperation
{
    public override string Kind => Operator;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Comparison(node.Operator), Fixed(node.Input(0)), Fixed(node.Input(1)))];

    /// <summary>An operand that does not depend on the images.</summary>
    /// <exception cref="InvalidDataException">It does.</exception>
    public static Operand Fixed(Operand operand) => !operand.IsData ? operand : throw new InvalidDataException(
        $"Its input {FileText.Quote(operand.Name)} depends on the images, and a comparison has no gradient.");

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
    }).to(ScalarType.Int64);
}

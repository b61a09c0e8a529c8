using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x where it is above α, else 0.</summary>
/// <param name="Alpha">α.</param>
internal sealed record ThresholdedRelu(double Alpha) : ElementwiseOperation
{
    public override string Kind => "ThresholdedRelu";

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new ThresholdedRelu(node.Number("alpha", 1)), node.Input(0))];

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        using var zero = 0.0.ToScalar();
        return input.threshold(alpha, zero);
    }
}

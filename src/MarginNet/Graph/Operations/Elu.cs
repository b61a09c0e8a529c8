using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x where it is positive, else α(eˣ − 1).</summary>
/// <param name="Alpha">α.</param>
internal sealed record Elu(double Alpha) : ElementwiseOperation
{
    public override string Kind => "Elu";

    /// <remarks>f″ = αeˣ where x is negative. With another α than 1 it has a kink.</remarks>
    public override Curve? Curve => Alpha > 0 ? new SampledCurve(Run, Alpha, 0, Math.Max(1, Alpha), Alpha == 1 ? [] : [0]) : null;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Elu(node.Number("alpha", 1)), node.Input(0))];

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        using var one = 1.0.ToScalar();
        return input.elu(alpha, one, one);
    }
}

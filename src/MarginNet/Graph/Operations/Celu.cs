using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x where it is positive, else α(exp(x/α) − 1).</summary>
/// <param name="Alpha">α, not 0.</param>
internal sealed record Celu(double Alpha) : ElementwiseOperation
{
    public override string Kind => "Celu";

    /// <remarks>f″ = exp(x/α)/α where x is negative.</remarks>
    public override Curve? Curve => Alpha > 0 ? new SampledCurve(Run, 1 / Alpha, 0, 1) : null;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => node.Number("alpha", 1) is var alpha && alpha != 0
        ? [graph.Add(node.Name, new Celu(alpha), node.Input(0))]
        : throw new InvalidDataException("Its attribute 'alpha' is 0: expected another number.");

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        using var one = 1.0.ToScalar();
        using var inverse = (1 / Alpha).ToScalar();
        return input.elu(alpha, one, inverse);
    }
}

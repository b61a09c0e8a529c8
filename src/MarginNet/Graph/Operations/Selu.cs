using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>γx where x is positive, else γα(eˣ − 1).</summary>
/// <param name="Alpha">α.</param>
/// <param name="Gamma">γ.</param>
internal sealed record Selu(double Alpha, double Gamma) : ElementwiseOperation
{
    private const double SelfNormalizingAlpha = 1.67326319217681884765625; // Klambauer et al. 2017, eq. 14, as ONNX rounds them.
    private const double SelfNormalizingGamma = 1.05070102214813232421875;

    public override string Kind => "Selu";

    public override Curve? Curve => Alpha > 0 && Gamma > 0
        ? new SampledCurve(Run, Gamma * Alpha, 0, Gamma * Math.Max(1, Alpha), Alpha == 1 ? [] : [0]) : null;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha), ("gamma", (float)Gamma)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var operation = new Selu(node.Number("alpha", SelfNormalizingAlpha), node.Number("gamma", SelfNormalizingGamma));
        return [graph.Add(node.Name, operation, node.Input(0))];
    }

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        using var gamma = Gamma.ToScalar();
        using var one = 1.0.ToScalar();
        return input.elu(alpha, gamma, one);
    }
}

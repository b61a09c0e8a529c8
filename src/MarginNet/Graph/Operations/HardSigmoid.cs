using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>αx + β, cut to [0, 1].</summary>
/// <param name="Alpha">α.</param>
/// <param name="Beta">β.</param>
internal sealed record HardSigmoid(double Alpha, double Beta) : ElementwiseOperation
{
    public override string Kind => "HardSigmoid";

    /// <remarks>It bends at −β/α and (1 − β)/α.</remarks>
    public override Curve? Curve => Alpha > 0 ? new SampledCurve(Run, 0, 0, Alpha, -Beta / Alpha, (1 - Beta) / Alpha) : null;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha), ("beta", (float)Beta)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new HardSigmoid(node.Number("alpha", 0.2), node.Number("beta", 0.5)), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Beta is >= 0 and <= 1 // Else αx + β may cancel.
        ? [new ActivationLayer(node.Name, Math.Min(0, Alpha), Math.Max(0, Alpha), HasKink: false) { Limit = 1, AtZero = Beta }]
        : null;

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        using var beta = Beta.ToScalar();
        using var zero = 0.0.ToScalar();
        using var one = 1.0.ToScalar();
        return input.mul(alpha).add(beta).clamp(zero, one);
    }
}

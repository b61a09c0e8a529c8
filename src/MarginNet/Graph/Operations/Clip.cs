using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x, cut to [minimum, maximum].</summary>
/// <param name="Minimum">The least; −∞ for none.</param>
/// <param name="Maximum">The most; ∞ for none.</param>
internal sealed record Clip(double Minimum, double Maximum) : ElementwiseOperation
{
    public override string Kind => "Clip";

    public override Curve? Curve => (Minimum, Maximum) == (0, double.PositiveInfinity) ? GateCurve.Relu
        : Minimum <= Maximum ? new SampledCurve(Run, 0, 0, 1, [.. new[] { Minimum, Maximum }.Where(double.IsFinite)]) : null;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var operation = new Clip(Bound(node, "min", 1, double.NegativeInfinity), Bound(node, "max", 2, double.PositiveInfinity));
        return [graph.Add(node.Name, operation, node.Input(0))];
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        string Bound(string part, double value) =>
            double.IsInfinity(value) ? "" : writer.Constant($"{name}/{part}", tensor((float)value));
        writer.Node("Clip", name, [inputs[0], Bound("min", Minimum), Bound("max", Maximum)]);
    }

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => (Minimum, Maximum) == (0, double.PositiveInfinity)
        ? [ActivationLayer.Relu(node.Name)]
        : Minimum <= Maximum ? [new ActivationLayer(node.Name, 0, 1, HasKink: false)
        {
            Limit = Math.Max(Math.Abs(Minimum), Math.Abs(Maximum)),
            AtZero = Math.Abs(Math.Clamp(0, Minimum, Maximum)),
        }] : null;

    protected override Tensor Run(Tensor input)
    {
        using var minimum = Minimum.ToScalar();
        using var maximum = Maximum.ToScalar();
        return input.clamp(minimum, maximum).to(input.dtype); // Of integers too.
    }

    /// <summary>A bound, which was an attribute up to set 10.</summary>
    private static double Bound(OnnxNode node, string attribute, int input, double none)
    {
        var bound = node.Has(attribute) ? node.Number(attribute)
            : node.Optional(input) is { } operand ? OnnxNode.KnownNumber(operand) : none;
        return !double.IsNaN(bound) ? bound : throw new InvalidDataException($"Its {attribute} is not a number.");
    }
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x where it is positive, else αx.</summary>
/// <param name="Alpha">α.</param>
internal sealed record LeakyRelu(double Alpha) : ElementwiseOperation
{
    public override string Kind => "LeakyRelu";

    public override Curve? Curve => Alpha is >= 0 and <= 1 ? new GateCurve(Alpha)
        : new SampledCurve(Run, 0, Math.Min(Alpha, 1), Math.Max(Alpha, 1), 0);

    protected override IEnumerable<(string Name, object Value)> Attributes => [("alpha", (float)Alpha)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new LeakyRelu(node.Number("alpha", 0.01)), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [ActivationLayer.LeakyRelu(node.Name, Alpha)];

    protected override Tensor Run(Tensor input)
    {
        using var alpha = Alpha.ToScalar();
        return input.leaky_relu(alpha);
    }
}

using MarginNet.Graph.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · σ(αx), with α = 1 also called SiLU.</summary>
/// <param name="Alpha">α. Default 1.</param>
internal sealed record Swish(double Alpha = 1) : ElementwiseOperation
{
    public override string Kind => "Swish";

    /// <remarks>For α = 1, |f″| = σ(1 − σ)|2 − x·tanh(x/2)| is largest at 0, and f′ is in [−0.0998, 1.0998].</remarks>
    public override Curve? Curve => Alpha > 0 ? new SampledCurve(Run, 0.5000001 * Alpha, -0.1, 1.1) : null;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Swish(node.Number("alpha", 1)), node.Input(0))];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        var scaled = inputs[0];
        if (Alpha != 1)
        {
            scaled = $"{name}/scaled";
            writer.Node("Mul", scaled, [inputs[0], writer.Constant($"{name}/alpha", tensor((float)Alpha))]);
        }

        writer.Node("Sigmoid", $"{name}/sigmoid", [scaled]);
        writer.Node("Mul", name, [inputs[0], $"{name}/sigmoid"]);
    }

    protected override Tensor Run(Tensor input)
    {
        if (Alpha == 1)
        {
            return input.silu();
        }

        using var alpha = Alpha.ToScalar();
        return input * input.mul(alpha).sigmoid();
    }
}

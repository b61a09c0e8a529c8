using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · tanh(log(1 + eˣ)).</summary>
internal sealed record Mish : ElementwiseOperation
{
    public override string Kind => "Mish";

    /// <remarks>|f″| is largest near −0.088, and f′ is in [−0.1125…, 1.0884…].</remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.64421, -0.1126, 1.0885);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Mish(), node.Input(0))];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node("Softplus", $"{name}/softplus", inputs);
        writer.Node("Tanh", $"{name}/tanh", [$"{name}/softplus"]);
        writer.Node("Mul", name, [inputs[0], $"{name}/tanh"]);
    }

    protected override Tensor Run(Tensor input) => input * Softplus.Of(input).tanh();
}

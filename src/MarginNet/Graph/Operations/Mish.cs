using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · tanh(log(1 + eˣ)).</summary>
internal sealed record Mish : ElementwiseOperation
{
    public override string Kind => "Mish";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Mish(), node.Input(0))];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node("Softplus", $"{name}/softplus", inputs);
        writer.Node("Tanh", $"{name}/tanh", [$"{name}/softplus"]);
        writer.Node("Mul", name, [inputs[0], $"{name}/tanh"]);
    }

    protected override Tensor Run(Tensor input) => input * Softplus.Of(input).tanh();
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · max(0, min(1, x/6 + 1/2)).</summary>
internal sealed record HardSwish : ElementwiseOperation
{
    public override string Kind => "HardSwish";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new HardSwish(), node.Input(0))];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node("HardSigmoid", $"{name}/gate", inputs, ("alpha", 1 / 6f), ("beta", 0.5f));
        writer.Node("Mul", name, [inputs[0], $"{name}/gate"]);
    }

    protected override Tensor Run(Tensor input) => input.hardswish();
}

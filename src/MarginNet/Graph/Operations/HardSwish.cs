using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x · max(0, min(1, x/6 + 1/2)).</summary>
internal sealed record HardSwish : ElementwiseOperation
{
    public override string Kind => "HardSwish";

    /// <remarks>A parabola between −3 and 3, where its slope jumps.</remarks>
    public override Curve? Curve => new SampledCurve(Run, 1 / 3.0, -0.5, 1.5, -3, 3);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new HardSwish(), node.Input(0))];

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        writer.Node("HardSigmoid", $"{name}/gate", inputs, ("alpha", 1 / 6f), ("beta", 0.5f));
        writer.Node("Mul", name, [inputs[0], $"{name}/gate"]);
    }

    protected override Tensor Run(Tensor input) => input.hardswish();
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The cosine.</summary>
internal sealed record Cos : ElementwiseOperation
{
    public override string Kind => "Cos";

    public override Curve? Curve => new SampledCurve(Run, 1, -1, 1);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Cos(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.cos();
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The sine.</summary>
internal sealed record Sin : ElementwiseOperation
{
    public override string Kind => "Sin";

    public override Curve? Curve => new SampledCurve(Run, 1, -1, 1);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sin(), node.Input(0))];

    protected override Tensor Run(Tensor input) => input.sin();
}

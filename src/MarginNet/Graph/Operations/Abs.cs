using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>|x|.</summary>
internal sealed record Abs : ElementwiseOperation
{
    public override string Kind => "Abs";

    public override Curve? Curve => new SampledCurve(Run, 0, -1, 1, 0);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Abs(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [new ActivationLayer(node.Name, -1, 1, HasKink: true)];

    protected override Tensor Run(Tensor input) => input.abs();
}

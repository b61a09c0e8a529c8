using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>max(0, x).</summary>
internal sealed record Relu : ElementwiseOperation
{
    public override string Kind => "Relu";

    public override Curve? Curve => GateCurve.Relu;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Relu(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [ActivationLayer.Relu(node.Name)];

    protected override Tensor Run(Tensor input) => input.relu();
}

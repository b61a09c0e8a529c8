using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The hyperbolic tangent.</summary>
internal sealed record Tanh : ElementwiseOperation
{
    public override string Kind => "Tanh";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Tanh(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [new ActivationLayer(node.Name, 0, 1, HasKink: false) { Limit = 1 }];

    protected override Tensor Run(Tensor input) => input.tanh();
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1/(1 + exp(−x)).</summary>
internal sealed record Sigmoid : ElementwiseOperation
{
    public override string Kind => "Sigmoid";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sigmoid(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        [new ActivationLayer(node.Name, 0, 0.25, HasKink: false) { Limit = 1, AtZero = 0.5 }];

    protected override Tensor Run(Tensor input) => input.sigmoid();
}

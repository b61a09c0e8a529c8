using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>1/(1 + exp(−x)).</summary>
internal sealed record Sigmoid : ElementwiseOperation
{
    public override string Kind => "Sigmoid";

    /// <remarks>|σ″| is largest where σ is (1 ± 1/√3)/2.</remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.09622505, 0, 0.25);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sigmoid(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        [new ActivationLayer(node.Name, 0, 0.25, HasKink: false) { Limit = 1, AtZero = 0.5 }];

    protected override Tensor Run(Tensor input) => input.sigmoid();
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The hyperbolic tangent.</summary>
internal sealed record Tanh : ElementwiseOperation
{
    public override string Kind => "Tanh";

    /// <remarks>|tanh″| is largest where tanh is ±1/√3: 4/(3√3).</remarks>
    public override Curve? Curve => new SampledCurve(Run, 0.76980036, 0, 1);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Tanh(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [new ActivationLayer(node.Name, 0, 1, HasKink: false) { Limit = 1 }];

    protected override Tensor Run(Tensor input) => input.tanh();
}

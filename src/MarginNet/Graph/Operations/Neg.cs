using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>−x.</summary>
internal sealed record Neg : ElementwiseOperation
{
    public override string Kind => "Neg";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Neg(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [Layer(node)];

    /// <summary>−1 as a factor.</summary>
    public static ChannelScaleLayer Layer(LayerNode node) => new(node.Name, node.Take(tensor([-1.0], dtype: ScalarType.Float64)), 0);

    public override Tensor Absolute(LayerNode node, Tensor[] data) => data[0];

    protected override Tensor Run(Tensor input) => input.neg();
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The product of two values: of two branches, or of one and a scale.</summary>
internal sealed record Mul : BinaryOperation
{
    public override string Kind => "Mul";

    public override bool IsAffine(LayerNode node) => node.HasOneInput();

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Mul(), node.Input(0), node.Input(1))];

    public override ParameterRole Role(int input) => ParameterRole.Weight; // A scale.

    public override Tensor Transposed(LayerNode node, int input, Tensor y) =>
        node.Shapes[node.Data] == node.Shape ? y * node.Stored(1 - node.Data) : base.Transposed(node, input, y);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        node.PerChannel(1 - node.Data) is { } factors ? [ChannelScaleLayer.Of(node.Name, ChannelScaleLayer.WithDigits(factors))] : null;

    protected override Tensor Run(Tensor left, Tensor right) => left * right;
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The difference of two values.</summary>
internal sealed record Sub : BinaryOperation
{
    public override string Kind => "Sub";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Sub(), node.Input(0), node.Input(1))];

    public override Tensor Absolute(LayerNode node, Tensor[] data)
    {
        var inputs = node.With(data, constant => constant.abs());
        return inputs[0] + inputs[1];
    }

    public override Tensor Transposed(LayerNode node, int input, Tensor y) =>
        node.Shapes[node.HasOneInput() ? node.Data : input] == node.Shape
            ? node.IsStored(0) || input == 1 ? y.neg() : y
            : base.Transposed(node, input, y);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => node.PerChannel(1 - node.Data) is not { } other ? null
        : node.Data == 0 ? [ChannelScaleLayer.Translation(node.Name, other.expand(node.Channels), null)]
        : [Neg.Layer(node), ChannelScaleLayer.Translation(node.Name, null, other.expand(node.Channels))];

    public override Layer? Join(LayerNode node, IReadOnlyList<IReadOnlyList<Layer>> branches) =>
        ResidualLayer.Of(node.Name, branches[0], [.. branches[1], Neg.Layer(node)]);

    protected override Tensor Run(Tensor left, Tensor right) => left - right;
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The sum of two values: of two branches, or of one and a bias.</summary>
internal sealed record Add : BinaryOperation
{
    public override string Kind => "Add";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new Add(), node.Input(0), node.Input(1))];

    public override ParameterRole Role(int input) => ParameterRole.Weight; // A bias.

    public override Tensor Transposed(LayerNode node, int input, Tensor y) =>
        node.Shapes[node.HasOneInput() ? node.Data : input] == node.Shape ? y : base.Transposed(node, input, y);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        node.PerChannel(1 - node.Data) is { } bias ? [ChannelScaleLayer.Translation(node.Name, null, bias.expand(node.Channels))] : null;

    public override Layer? Join(LayerNode node, IReadOnlyList<IReadOnlyList<Layer>> branches) =>
        ResidualLayer.Of(node.Name, branches[0], branches[1]);

    protected override Tensor Run(Tensor left, Tensor right) => left.Plus(right);
}

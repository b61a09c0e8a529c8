using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The mean of each channel, over all axes behind it, which stay with size 1.</summary>
internal sealed record GlobalAveragePool : GlobalPool
{
    public override string Kind => "GlobalAveragePool";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new GlobalAveragePool(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Shape(node.Shapes[0]) is null ? null
        : [new AveragePoolLayer(node.Name, PoolAxis.Adaptive(1), PoolAxis.Adaptive(1))];

    protected override Tensor Run(Tensor x, long[] axes) => x.mean(axes, keepdim: true);
}

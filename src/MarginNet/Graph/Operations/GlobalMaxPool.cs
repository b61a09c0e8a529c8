using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The largest number of each channel, over all axes behind it, which stay with size 1.</summary>
internal sealed record GlobalMaxPool : GlobalPool
{
    public override string Kind => "GlobalMaxPool";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new GlobalMaxPool(), node.Input(0))];

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Shape(node.Shapes[0]) is null ? null
        : [new MaxPoolLayer(node.Name, PoolAxis.Adaptive(1), PoolAxis.Adaptive(1))];

    /// <summary>Halves, of which the larger numbers stay, until one is left.</summary>
    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var shape = inputs[0].Shape;
        var size = shape.Sizes.Skip(2).Aggregate(1L, (product, side) => product * side.Count);
        var x = graph.Add($"{name}/flat", new Reshape(new(shape[0], shape[1], size)), inputs[0]);
        x = BinaryOperation.Along(new Max(), name, x, 2, graph);
        return graph.Add(name, new Reshape(new([shape[0], shape[1], .. shape.Sizes.Skip(2).Select(_ => new Dimension(1))])), x);
    }

    protected override Tensor Run(Tensor x, long[] axes) => x.amax(axes, keepdim: true);
}

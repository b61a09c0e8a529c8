using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The largest number of each channel, over all axes behind it, which stay with size 1.</summary>
internal sealed record GlobalMaxPool : GlobalPool
{
    public override string Kind => "GlobalMaxPool";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new GlobalMaxPool(), node.Input(0))];

    protected override Tensor Run(Tensor x, long[] axes) => x.amax(axes, keepdim: true);
}

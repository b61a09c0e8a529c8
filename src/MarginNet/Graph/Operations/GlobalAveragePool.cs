using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The mean of each channel, over all axes behind it, which stay with size 1.</summary>
internal sealed record GlobalAveragePool : GlobalPool
{
    public override string Kind => "GlobalAveragePool";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Add(node.Name, new GlobalAveragePool(), node.Input(0))];

    protected override Tensor Run(Tensor x, long[] axes) => x.mean(axes, keepdim: true);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The mean of any number of values, as additions in turn and a division.</summary>
internal static class Mean
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var sum = BinaryOperation.Chain(new Add(), $"{node.Name}/sum", node.All(), graph);
        return [graph.Add(node.Name, new Div(), sum, graph.Constant($"{node.Name}/count", tensor((float)node.Inputs.Count)))];
    }
}

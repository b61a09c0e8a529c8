using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>The sum of any number of values, as additions in turn.</summary>
internal static class Sum
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [BinaryOperation.Chain(new Add(), node.Name, node.All(), graph)];
}

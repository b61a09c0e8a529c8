using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>A value as it is, which takes no node.</summary>
internal static class Identity
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [node.Input(0)];
}

using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>How many numbers a value has, which is known beforehand but for the number of images.</summary>
internal static class Size
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [new(node.Name, new()) { Sizes = [node.Input(0).Shape.Count] }];
}

using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>The sizes of a value, or some in a row, as a list that is known beforehand but for the number of images.</summary>
internal static class Shape
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var sizes = node.Input(0).Shape.Sizes;
        int Place(long place) => (int)Math.Clamp(place < 0 ? place + sizes.Length : place, 0, sizes.Length);
        var start = Place(node.Integer("start", 0));
        var end = Math.Max(start, Place(node.Integer("end", sizes.Length)));
        return [new(node.Name, new(end - start)) { Sizes = sizes[start..end] }];
    }
}

using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>Axes of size 1 taken away: a <see cref="Reshape"/>.</summary>
internal static class Squeeze
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var rank = x.Shape.Rank;
        // Where a file is made for one image, its axis is among those of size 1.
        var axes = node.IntegersOf("axes", 1)?.Select(axis => OnnxNode.Axis(axis, rank)).ToHashSet()
            ?? [.. Enumerable.Range(0, rank).Where(axis => x.Shape[axis] == 1 || (x.Shape[axis] == Dimension.Batch && node.Batch == 1))];
        return !axes.Any(axis => x.Shape[axis] != 1)
            ? [graph.Add(node.Name, new Reshape(new([.. x.Shape.Sizes.Where((_, axis) => !axes.Contains(axis))])), x)]
            : throw new InvalidDataException(
                $"It takes away axes {string.Join(", ", axes.Order())} of {x.Shape}: expected some of size 1, not that of the images.");
    }
}

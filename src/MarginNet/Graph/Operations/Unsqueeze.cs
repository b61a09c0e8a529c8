using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>Axes of size 1 put in: a <see cref="Reshape"/>.</summary>
internal static class Unsqueeze
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var axes = node.IntegersOf("axes", 1) ?? throw new InvalidDataException("It has no axes.");
        var rank = x.Shape.Rank + axes.Length;
        var added = axes.Select(axis => OnnxNode.Axis(axis, rank)).ToHashSet();
        if (added.Count < axes.Length)
        {
            throw new InvalidDataException("Its axes are not all different.");
        }

        var sizes = new Queue<Dimension>(x.Shape.Sizes);
        return [graph.Add(
            node.Name, new Reshape(new([.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? 1 : sizes.Dequeue())])), x)];
    }
}

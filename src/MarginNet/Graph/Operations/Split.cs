using MarginNet.Graph.Onnx;

namespace MarginNet.Graph.Operations;

/// <summary>A value cut into several along an axis: so many a <see cref="Slice"/>.</summary>
internal static class Split
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, parts) = (node.Input(0), node.OutputCount);
        var axis = OnnxNode.Axis(node.Integer("axis", 0), x.Shape.Rank);
        if (x.Shape[axis] is not { IsPerImage: false, Count: var size })
        {
            throw new InvalidDataException($"It cuts {x.Shape} along axis {axis}, that of the images.");
        }

        var each = (size + parts - 1) / Math.Max(1, parts); // The last may be smaller.
        var sizes = node.IntegersOf("split", 1)
            ?? [.. Enumerable.Range(0, parts).Select(i => Math.Min(each, size - (i * each)))];
        if (sizes.Length != parts || sizes.Any(part => part < 0 || part > size) || sizes.Sum() != size)
        {
            throw new InvalidDataException(
                $"It cuts axis {axis} of {x.Shape} into [{string.Join(", ", sizes.Take(16))}]: expected {parts} sizes that make {size}.");
        }

        var start = 0L;
        var values = new Operand[parts];
        for (var i = 0; i < parts; start += sizes[i++])
        {
            values[i] = graph.Add(i == 0 ? node.Name : $"{node.Name}/{i}", new Slice(axis, start, sizes[i], 1), x);
        }

        return values;
    }
}

using MarginNet.Bounds;

namespace MarginNet.Graph.Operations;

/// <summary>What only moves the numbers of each image is as far as distances are concerned.</summary>
internal static class Rearrangement
{
    /// <summary>The layer that a node is; null where images do not come first, one after another, before or behind it.</summary>
    public static IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        if (Shape(node.Shapes[0]) is null || Shape(node.Shape) is not { } shape)
        {
            return null;
        }

        return node.Shape.Rank == 2 && node.Operation is not Transpose
            ? [new FlattenLayer(node.Name)]
            : [new RearrangementLayer(node.Name, _ => shape)];
    }

    /// <summary>The shape of the features of one image; null where a value is none of [N, C], [N, C, W] and [N, C, H, W].</summary>
    public static FeatureShape? Shape(ValueShape value)
    {
        if (value.Rank is < 2 or > 4 || value[0] != Dimension.Batch
            || value.Sizes.Skip(1).Any(size => size.IsPerImage || size.Count > int.MaxValue) || value.Count.Count > int.MaxValue)
        {
            return null;
        }

        var sizes = Array.ConvertAll(value.At(1), size => (int)size);
        return sizes.Length switch
        {
            2 => new(sizes[1]),
            3 => new(sizes[1], 1, sizes[2]),
            _ => new(sizes[1], sizes[2], sizes[3]),
        };
    }
}

using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>The same numbers in the same order with other axes; those of an image stay together.</summary>
/// <param name="Target">The shape.</param>
internal sealed record Reshape(ValueShape Target) : Operation
{
    public override string Kind => "Reshape";

    public override bool IsAffine(LayerNode node) => true;

    /// <summary>The sizes as ONNX and LibTorch take them, −1 for the axis of the images.</summary>
    private long[] Sizes => [.. Target.Sizes.Select(size => size.IsPerImage ? -1 : size.Count)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        ImmutableArray<Dimension> target = node.Integers("shape") is { } sizes
            ? [.. sizes.Select(size => new Dimension(size))]
            : OnnxNode.KnownSizes(node.Input(1));
        if (node.Integer("allowzero", 0) == 0)
        {
            target = [.. target.Select((size, i) => size == 0
                ? i < x.Shape.Rank ? x.Shape[i] : throw new InvalidDataException($"Its target copies axis {i} of {x.Shape}.")
                : size)];
        }

        return [graph.Add(node.Name, new Reshape(Complete(target, x.Shape, node.Batch)), x)];
    }

    /// <summary>The target with what −1 stands for,
    /// and with the batch where the file has the number of images that it was made for.</summary>
    private static ValueShape Complete(ImmutableArray<Dimension> target, ValueShape input, long? batch)
    {
        var open = target.IndexOf(-1);
        var count = input.Count;
        var isFixed = count.IsPerImage && batch is not null && !target.Any(size => size.IsPerImage);
        if (isFixed)
        {
            count = count.At(batch!.Value);
        }

        if (open >= 0)
        {
            var others = new ValueShape(target.SetItem(open, 1)).Count;
            var (isPerImage, isWhole) = (count.IsPerImage && !others.IsPerImage, others.Count > 0 && count.Count % others.Count == 0);
            target = isWhole && (count.IsPerImage || !others.IsPerImage)
                ? target.SetItem(open, new(count.Count / others.Count, isPerImage))
                : throw new InvalidDataException($"Its target [{string.Join(", ", target)}] does not fit {input}.");
        }

        return new(isFixed && Before(input) is { } before && FindBatch(target, before, batch!.Value) is { } axis
            ? target.SetItem(axis, new(target[axis].Count / batch!.Value, IsPerImage: true))
            : target);
    }

    /// <summary>The axis that begins with the images where there are so many of them:
    /// behind as many numbers as before, and divisible.</summary>
    private static int? FindBatch(ImmutableArray<Dimension> target, long before, long images)
    {
        var product = 1L;
        for (var i = 0; i < target.Length && product <= before; i++)
        {
            // Of axes of size 1 the first is it; where a single image is in the file, a later one only by the numbers before.
            if (product == before && target[i].Count > 0 && target[i].Count % images == 0)
            {
                return i;
            }

            product *= target[i].Count;
        }

        return null;
    }

    /// <summary>The numbers before the images' axis; null where there is none.</summary>
    private static long? Before(ValueShape shape) => shape.BatchAxis is { } axis
        ? shape.Sizes.Take(axis).Aggregate(1L, (product, size) => product * size.Count) : null;

    /// <summary>Whether images can be at one place in both:
    /// among the numbers before their axis and those that are in it beside them.</summary>
    private static bool KeepsImages(ValueShape left, ValueShape right)
    {
        if (left.BatchAxis is not { } one || right.BatchAxis is not { } other)
        {
            return left.BatchAxis == right.BatchAxis;
        }

        var (before, after) = (Before(left)!.Value, Before(right)!.Value);
        return Math.Max(before, after) <= Math.Min(before * left[one].Count, after * right[other].Count);
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var only] && only.Count == Target.Count && KeepsImages(only, Target)
        ? Target
        : throw Misfit(inputs, $"what fits {Target}, with the numbers of an image together");

    public override Tensor Transposed(LayerNode node, int input, Tensor y) => y.reshape(node.Shapes[0].At(y.shape[0]));

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Layers(node);

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].reshape(Sizes);

    public override void Write(OnnxWriter writer, string name, string[] inputs) =>
        writer.Node(Kind, name, [.. inputs, writer.Constant($"{name}/shape", tensor(Sizes, ScalarType.Int64))]);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>
/// Images of another size, an axis after the other: of the nearest pixels a <see cref="Gather"/>, of linear or cubic interpolation
/// a <see cref="Resample"/>.
/// </summary>
internal static class Resize
{
    private const long MostSize = 1 << 14;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var axes = node.Integers("axes")?.Select(axis => OnnxNode.Axis(axis, x.Shape.Rank)).ToArray()
            ?? [.. Enumerable.Range(0, x.Shape.Rank)];
        var isOld = node.Operator == "Upsample" || node.OperatorSet < 11;
        var (scales, sizes) = (Scales(node, isOld), isOld ? null : Sizes(node));
        var rule = ResizeRule.Read(node, isOld);
        if (scales is null == sizes is null || (scales?.Length ?? sizes!.Length) != axes.Length)
        {
            throw new InvalidDataException(
                $"It has {scales?.Length ?? 0} scales and {sizes?.Length ?? 0} sizes: expected {axes.Length} of one.");
        }

        if (sizes is not null && node.Text("keep_aspect_ratio_policy", "stretch") != "stretch")
        {
            throw new InvalidDataException("Its attribute 'keep_aspect_ratio_policy' is known here as 'stretch' only.");
        }

        // Where no size changes, pixels stay as they are, whatever the scales: ONNX Runtime's way.
        var isSame = scales is not null
            && axes.Select((axis, i) => Scaled(x.Shape[axis].Count, scales[i]) == x.Shape[axis].Count).All(same => same);
        for (var i = 0; i < axes.Length && !isSame; i++)
        {
            var size = x.Shape[axes[i]];
            if (sizes is not null ? sizes[i] == size || (size.IsPerImage && sizes[i] == size.At(node.Batch ?? 0)) : scales![i] == 1)
            {
                continue;
            }

            var target = sizes is not null ? sizes[i] : new(Scaled(size.Count, scales![i]));
            if (size.IsPerImage || target.IsPerImage || size.Count is < 1 or > MostSize || target.Count is < 1 or > MostSize)
            {
                throw new InvalidDataException(
                    $"It makes {target} of {size}: expected sizes from 1 to {MostSize}, and the images as they are.");
            }

            var scale = sizes is not null ? (float)target.Count / size.Count : scales![i];
            x = Along($"{node.Name}/{axes[i]}", graph, x, axes[i], target.Count, scale, rule);
        }

        return [x];
    }

    private static Operand Along(string name, GraphBuilder graph, Operand x, int axis, long target, float scale, ResizeRule rule)
    {
        var size = x.Shape[axis].Count;
        if (rule.Mode == "nearest")
        {
            long[] places = [.. Enumerable.Range(0, (int)target).Select(i => rule.Nearest(i, size, target, scale))];
            return Gather.Add(name, graph, x, axis, places, new(target));
        }

        if (axis < x.Shape.Rank - 2)
        {
            throw new InvalidDataException($"It interpolates along axis {axis} of {x.Shape}: expected the last two alone.");
        }

        var matrix = graph.Constant($"{name}/matrix", tensor(rule.Matrix(size, target, scale), [target, size]));
        return graph.Add(name, new Resample(axis == x.Shape.Rank - 1), x, matrix);
    }

    private static float[]? Scales(OnnxNode node, bool isOld)
    {
        var scales = node.Numbers("scales");
        if (scales is null && node.Optional(isOld ? 1 : 2) is { } operand && operand.Shape != new ValueShape(0))
        {
            scales = operand.Constant is { } constant && constant.is_floating_point() && constant.numel() < 16
                ? constant.to(ScalarType.Float32).data<float>().ToArray()
                : throw new InvalidDataException("Its scales are not known beforehand.");
        }

        return scales is null || Array.TrueForAll(scales, scale => scale is > 0 and < MostSize) ? scales
            : throw new InvalidDataException($"Its scales are [{string.Join(", ", scales)}]: expected numbers above 0.");
    }

    private static Dimension[]? Sizes(OnnxNode node) => node.Optional(3) is { } sizes ? [.. OnnxNode.KnownSizes(sizes)] : null;

    private static long Scaled(long size, float scale) => (long)Math.Floor(size * scale);
}

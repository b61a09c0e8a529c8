using System.Collections.Immutable;

namespace MarginNet.Graph.Onnx;

/// <summary>
/// What operators make of lists of sizes that have the number of images among them: files compute the shapes they need of those they
/// have. Lists without it are constants like others.
/// </summary>
internal static class ShapeArithmetic
{
    private const int Most = 64;

    /// <summary>The value of a node on such lists.</summary>
    /// <returns>The list or scalar; null where no input has the number of images, or the operator is not one for sizes.</returns>
    /// <exception cref="InvalidDataException">The number of images would be squared, divided by,
    /// or otherwise no multiple of itself.</exception>
    public static Operand? Compute(OnnxNode node)
    {
        Operand[] inputs = [.. node.Inputs.OfType<Operand>()];
        if (!inputs.Any(input => input.Sizes is { } sizes && sizes.Any(size => size.IsPerImage)) || !inputs.All(IsList))
        {
            return null;
        }

        var first = OnnxNode.KnownSizes(inputs[0]);
        return node.Operator switch
        {
            "Identity" or "Cast" or "Floor" or "Ceil" or "Round" => Make(node, first, inputs[0].Shape),
            "Squeeze" => first.Length == 1 ? Make(node, first, new()) : null,
            "Unsqueeze" => inputs[0].Shape.Rank == 0 ? Make(node, first, new(1)) : null,
            "Reshape" => Reshape(node, first),
            "Concat" => Make(node, [.. inputs.SelectMany(input => OnnxNode.KnownSizes(input))]),
            "Gather" => Gather(node, first),
            "Slice" => Make(node, Slice(node, first)),
            "ReduceProd" => Make(
                node, [new ValueShape(first).Count], node.Integer("keepdims", 1) != 0 && inputs[0].Shape.Rank > 0 ? new(1) : new()),
            "Add" => Each(node, inputs, Sum),
            "Sub" => Each(node, inputs, (left, right) => Sum(left, right with { Count = -right.Count })),
            "Mul" => Each(node, inputs, Product),
            "Div" => Each(node, inputs, Quotient),
            "Equal" => Each(node, inputs, (left, right) => IsEqual(left, right) ? 1 : 0),
            "Where" when inputs.Length == 3 => Where(node, inputs),
            _ => null,
        };
    }

    private static bool IsList(Operand operand) => operand is { Sizes: not null }
        || (operand is { Constant: { } constant, Shape.Rank: <= 1 } && !constant.is_floating_point() && constant.numel() <= Most);

    private static Operand Make(OnnxNode node, ImmutableArray<Dimension> sizes, ValueShape? shape = null) => sizes.Length <= Most
        ? new(node.Name, shape ?? new(sizes.Length)) { Sizes = sizes }
        : throw new InvalidDataException($"It makes a list of {sizes.Length} sizes: expected at most {Most}.");

    private static Operand? Reshape(OnnxNode node, ImmutableArray<Dimension> sizes)
    {
        var target = OnnxNode.Known(node.Input(1));
        return target.Length switch
        {
            0 when sizes.Length == 1 => Make(node, sizes, new()),
            1 when target[0] == -1 || target[0] == sizes.Length => Make(node, sizes),
            _ => null,
        };
    }

    private static Operand Gather(OnnxNode node, ImmutableArray<Dimension> sizes)
    {
        var places = OnnxNode.Known(node.Input(1));
        return Make(node, [.. places.Select(place => sizes[OnnxNode.Axis(place, sizes.Length)])], node.Input(1).Shape);
    }

    private static ImmutableArray<Dimension> Slice(OnnxNode node, ImmutableArray<Dimension> sizes)
    {
        if ((node.IntegersOf("starts", 1), node.IntegersOf("ends", 2), node.IntegersOf("steps", 4) ?? [1])
            is not ([var start], [var end], [1]))
        {
            throw new InvalidDataException("It takes sizes other than in a row.");
        }

        int Place(long place) => (int)Math.Clamp(place < 0 ? place + sizes.Length : place, 0, sizes.Length);
        return sizes[Place(start)..Math.Max(Place(start), Place(end))];
    }

    private static Operand Where(OnnxNode node, Operand[] inputs)
    {
        var lists = Array.ConvertAll(inputs, OnnxNode.KnownSizes);
        var length = lists.Max(list => list.Length);
        Dimension At(int list, int i) => lists[list].Length == 1 ? lists[list][0]
            : lists[list].Length == length ? lists[list][i] : throw Misfit(inputs);
        return Make(
            node, [.. Enumerable.Range(0, length).Select(i => At(0, i).Count != 0 ? At(1, i) : At(2, i))],
            inputs.All(input => input.Shape.Rank == 0) ? new() : null);
    }

    private static Operand Each(OnnxNode node, Operand[] inputs, Func<Dimension, Dimension, Dimension> function)
    {
        if (inputs is not [var left, var right])
        {
            throw Misfit(inputs);
        }

        var (one, other) = (OnnxNode.KnownSizes(left), OnnxNode.KnownSizes(right));
        var length = one.Length == 1 ? other.Length : one.Length;
        return other.Length == 1 || other.Length == length
            ? Make(
                node,
                [.. Enumerable.Range(0, length).Select(i => function(one[one.Length == 1 ? 0 : i], other[other.Length == 1 ? 0 : i]))],
                left.Shape.Rank + right.Shape.Rank == 0 ? new() : null)
            : throw Misfit(inputs);
    }

    private static Dimension Sum(Dimension left, Dimension right) =>
        left.IsPerImage == right.IsPerImage ? Checked(left.Count + (Int128)right.Count, left.IsPerImage)
        : left == 0 ? right : right.Count == 0 ? left
        : throw new InvalidDataException($"It adds {left} and {right}, N the number of images.");

    private static Dimension Product(Dimension left, Dimension right) => !left.IsPerImage || !right.IsPerImage
        ? Checked((Int128)left.Count * right.Count, left.IsPerImage || right.IsPerImage)
        : throw new InvalidDataException($"It multiplies {left} and {right}, N the number of images.");

    private static Dimension Quotient(Dimension left, Dimension right) =>
        right.Count is not (0 or -1) && (left.Count % right.Count == 0 || !left.IsPerImage) && (left.IsPerImage || !right.IsPerImage)
            ? new(left.Count / right.Count, left.IsPerImage && !right.IsPerImage)
            : throw new InvalidDataException($"It divides {left} by {right}, N the number of images.");

    /// <summary>Whether two sizes are the same for any number of images; a multiple of it is nothing else than that.</summary>
    private static bool IsEqual(Dimension left, Dimension right) => left == right || (left.IsPerImage == right.IsPerImage
        || (left.IsPerImage ? right : left).Count <= 0 ? false
        : throw new InvalidDataException($"It asks whether {left} is {right}, N the number of images."));

    private static Dimension Checked(Int128 count, bool isPerImage) => count >= long.MinValue && count <= long.MaxValue
        ? new((long)count, isPerImage && count != 0)
        : throw new InvalidDataException("It makes a size that is too large.");

    private static InvalidDataException Misfit(Operand[] inputs) =>
        new($"It gets {string.Join(" and ", inputs.Select(input => input.Shape))}: expected two lists of one length.");
}

using System.Collections.Immutable;
using MarginNet.Bounds;
using MarginNet.Checkpoints;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>Numbers added before and behind each axis: one value, or a value's own, mirrored or those at its edge.</summary>
/// <param name="Before">How many come before each axis; so many are cut where that is negative.</param>
/// <param name="After">How many come behind.</param>
/// <param name="Mode"><c>constant</c>, <c>reflect</c> or <c>edge</c>.</param>
/// <param name="Value">The value.</param>
internal sealed record Pad(ImmutableArray<long> Before, ImmutableArray<long> After, string Mode, double Value) : Operation
{
    private const int Most = 1 << 20;

    public override string Kind => "Pad";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, rank) = (node.Input(0), node.Input(0).Shape.Rank);
        var mode = node.Text("mode", "constant");
        if (mode is not ("constant" or "reflect" or "edge"))
        {
            throw new InvalidDataException($"Its attribute 'mode' is {FileText.Quote(mode)}: expected constant, reflect or edge.");
        }

        var pads = node.IntegersOf("pads", 1) ?? throw new InvalidDataException("It has no pads.");
        var axes = node.Optional(3) is { } some ? OnnxNode.Known(some) : [.. Enumerable.Range(0, rank)];
        if (pads.Length != 2 * axes.Length || Array.Exists(pads, pad => pad is < -Most or > Most))
        {
            throw new InvalidDataException(
                $"Its pads are [{string.Join(", ", pads.Take(16))}]: expected {2 * axes.Length} integers of at most {Most}.");
        }

        var (before, after) = (new long[rank], new long[rank]);
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = OnnxNode.Axis(axes[i], rank);
            (before[axis], after[axis]) = (pads[i], pads[axes.Length + i]);
        }

        var value = node.Optional(2) is { } number ? OnnxNode.KnownNumber(number) : node.Number("value", 0);
        return [graph.Add(node.Name, new Pad([.. before], [.. after], mode, value), x)];
    }

    public override ValueShape Shape(ValueShape[] inputs)
    {
        if (inputs is not [var x] || x.Rank != Before.Length)
        {
            throw Misfit(inputs, $"one value of {Before.Length} axes");
        }

        return new([.. x.Sizes.Select((size, i) => (Before[i], After[i]) == (0, 0) ? size
            : !size.IsPerImage && size.Count + Before[i] + After[i] >= 0 && Fits(i, size.Count) ? size.Count + Before[i] + After[i]
            : throw Misfit(inputs, $"a size of axis {i} that takes {Before[i]} before and {After[i]} behind ({Mode})"))]);
    }

    private bool Fits(int axis, long size)
    {
        var most = Math.Max(Before[axis], After[axis]);
        return Math.Min(Before[axis], 0) + Math.Min(After[axis], 0) + size >= 0
            && (Mode == "constant" || (Mode == "edge" ? size > 0 : most < size));
    }

    /// <summary>Zeros around change no distance.</summary>
    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        (Mode, Value) == ("constant", 0) && Before.Concat(After).All(size => size >= 0) && Rearrangement.Shape(node.Shape) is { } shape
            ? [new RearrangementLayer(node.Name, _ => shape)
            {
                LiveChannels = Before.All(size => size == 0) && After.Where((_, axis) => axis != 1).All(size => size == 0)
                    ? node.Channels : null,
            }]
            : null;

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var x = inputs[0];
        if (Mode == "constant")
        {
            return nn.functional.pad(
                x, [.. Before.Zip(After, (before, after) => (long[])[before, after]).Reverse().SelectMany(both => both)], value: Value);
        }

        for (var axis = 0; axis < Before.Length; axis++)
        {
            if ((Before[axis], After[axis]) != (0, 0))
            {
                x = x.index_select(axis, tensor(Places(axis, x.shape[axis]), device: x.device));
            }
        }

        return x;
    }

    /// <summary>For each number of an axis, where it comes from.</summary>
    private long[] Places(int axis, long size)
    {
        var places = new long[size + Before[axis] + After[axis]];
        for (var i = 0; i < places.Length; i++)
        {
            var place = i - Before[axis];
            places[i] = Mode == "edge" ? Math.Clamp(place, 0, size - 1)
                : place < 0 ? -place : place >= size ? (2 * (size - 1)) - place : place;
        }

        return places;
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs) => writer.Node(
        Kind,
        name,
        [
            .. inputs, writer.Constant($"{name}/pads", tensor((long[])[.. Before, .. After])),
            writer.Constant($"{name}/value", tensor((float)Value)),
        ],
        ("mode", Mode));
}

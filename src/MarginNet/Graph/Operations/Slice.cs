using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>Some numbers of one axis, at equal distances.</summary>
/// <param name="Axis">The axis, from 0.</param>
/// <param name="Start">The place of the first.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Step">The distance; it goes backwards where that is negative.</param>
internal sealed record Slice(int Axis, long Start, long Count, long Step) : Operation
{
    public override string Kind => "Slice";

    public override bool IsAffine(LayerNode node) => true;

    private long Last => Start + ((Count - 1) * Step);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, rank) = (node.Input(0), node.Input(0).Shape.Rank);
        var starts = node.IntegersOf("starts", 1) ?? throw new InvalidDataException("It has no starts.");
        var ends = node.Integers("ends") is { } known ? [.. known.Select(end => new Dimension(end))]
            : OnnxNode.KnownSizes(node.Input(2));
        var axes = node.IntegersOf("axes", 3) ?? [.. Enumerable.Range(0, starts.Length)];
        var steps = node.IntegersOf("steps", 4) ?? [.. starts.Select(_ => 1L)];
        if (ends.Length != starts.Length || axes.Length != starts.Length || steps.Length != starts.Length || steps.Contains(0))
        {
            throw new InvalidDataException(
                $"It has {starts.Length} starts, {ends.Length} ends, {axes.Length} axes and {steps.Length} steps: "
                + "expected as many, no step 0.");
        }

        for (var i = 0; i < starts.Length; i++)
        {
            x = Along(node.Name, graph, x, OnnxNode.Axis(axes[i], rank), starts[i], ends[i], steps[i]);
        }

        return [x];
    }

    /// <summary>Part of a value as ONNX tells it: places below 0 are counted from the end, and those beyond it are cut.</summary>
    private static Operand Along(string name, GraphBuilder graph, Operand x, int axis, long start, Dimension end, long step)
    {
        var size = x.Shape[axis];
        if (start == 0 && step == 1 && (end == size || (!end.IsPerImage && end.Count >= (size.IsPerImage ? int.MaxValue : size.Count))))
        {
            return x;
        }

        if (size.IsPerImage || end.IsPerImage)
        {
            throw new InvalidDataException($"It takes a part of {x.Shape} along axis {axis}, that of the images.");
        }

        if (size == 0)
        {
            return x;
        }

        long Place(long place, long least, long most) => Math.Clamp(place < 0 ? place + size.Count : place, least, most);
        var (first, behind) = step > 0
            ? (Place(start, 0, size.Count), Place(end.Count, 0, size.Count))
            : (Place(start, 0, size.Count - 1), Place(end.Count, -1, size.Count - 1));
        step = Math.Clamp(step, -size.Count, size.Count);
        var count = Math.Max(0, (behind - first + step - Math.Sign(step)) / step);
        return graph.Add(name, new Slice(axis, first, count, count > 1 ? step : 1), x);
    }

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var only] && Axis < only.Rank && only[Axis] is { IsPerImage: false, Count: var size } && Count >= 0 && Step != 0
            && (Count == 0 || (Start >= 0 && Start < size && Last >= 0 && Last < size))
            ? only.With(Axis, Count)
            : throw Misfit(inputs, $"{Count} numbers from {Start} by {Step} along axis {Axis}, which is not that of the images");

    /// <summary>A whole axis turned round only moves numbers.</summary>
    public override IReadOnlyList<Layer>? Layers(LayerNode node) =>
        Step == -1 && node.Shape == node.Shapes[0] ? Rearrangement.Layers(node) : null;

    public override Tensor Run(Tensor[] inputs, bool isTraining) =>
        Count == 0 ? inputs[0].narrow(Axis, 0, 0)
        : Step > 0 ? inputs[0].slice(Axis, Start, Last + 1, Step)
        : inputs[0].slice(Axis, Last, Start + 1, -Step).flip(Axis);

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        string Constant(string part, long value) => writer.Constant($"{name}/{part}", tensor(new[] { value }));
        var end = Count == 0 ? Start : Step > 0 ? Last + 1 : Last > 0 ? Last - 1 : long.MinValue;
        writer.Node(
            Kind, name, [.. inputs, Constant("start", Start), Constant("end", end), Constant("axis", Axis), Constant("step", Step)]);
    }
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>
/// Moves four groups of channels by one pixel, down, up, right and left, around the edges, and leaves the others: a product of matrices at
/// every pixel then sees its neighbours, and distances stay what they are (the spatial shift of LipNeXt).
/// </summary>
/// <param name="Channels">Channels in each of the four groups, which come first.</param>
internal sealed record ChannelShift(long Channels) : Operation
{
    private const int Groups = 4;

    private static readonly (int Axis, long Step)[] Moves = [(2, 1), (2, -1), (3, 1), (3, -1)];

    public override string Kind => nameof(ChannelShift);

    public override bool IsAffine(LayerNode node) => true;

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 4 } x] && Channels >= 0 && x[1].Count >= Groups * Channels && !x[2].IsPerImage && !x[3].IsPerImage
            ? x : throw Misfit(inputs, $"[N, C, H, W] of at least {Groups * Channels} channels");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        if (Channels == 0)
        {
            return inputs[0];
        }

        // Side by side in memory are the channels of a pixel.
        var pixels = inputs[0].permute(0, 2, 3, 1);
        var parts = pixels.split([.. Moves.Select(_ => Channels), pixels.shape[3] - (Groups * Channels)], 3);
        return cat([.. Moves.Zip(parts, (move, part) => part.roll(move.Step, move.Axis - 1)), parts[^1]], 3).permute(0, 3, 1, 2);
    }

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Layers(node);

    /// <summary>Slices joined anew.</summary>
    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        var groups = Moves.Select((move, group) =>
        {
            var own = Part($"{name}.group{group}", inputs[0], 1, group * Channels, (group + 1) * Channels);
            var edge = move.Step > 0 ? Part($"{own}.edge", own, move.Axis, -1, long.MaxValue) : Part($"{own}.edge", own, move.Axis, 0, 1);
            var rest = move.Step > 0 ? Part($"{own}.rest", own, move.Axis, 0, -1) : Part($"{own}.rest", own, move.Axis, 1, long.MaxValue);
            writer.Node("Concat", $"{own}.moved", move.Step > 0 ? [edge, rest] : [rest, edge], ("axis", (long)move.Axis));
            return $"{own}.moved";
        }).ToArray();
        writer.Node("Concat", name, [.. groups, Part($"{name}.still", inputs[0], 1, Groups * Channels, long.MaxValue)], ("axis", 1L));

        string Part(string part, string value, long axis, long start, long end)
        {
            string Constant(string what, long number) => writer.Constant($"{part}.{what}", tensor(new[] { number }));
            writer.Node("Slice", part, [value, Constant("start", start), Constant("end", end), Constant("axis", axis)]);
            return part;
        }
    }
}

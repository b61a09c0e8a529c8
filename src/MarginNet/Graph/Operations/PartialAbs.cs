using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>
/// |x| of the first channels, and x of the others. Of half of them it is MaxMin (Anil et al., 2019) in another basis, since max(a, b) and
/// min(a, b) are (a + b ± |a − b|)/2. Gradients keep their length.
/// </summary>
/// <param name="Channels">How many are bent, fewer than there are.</param>
internal sealed record PartialAbs(long Channels) : Operation
{
    public override string Kind => nameof(PartialAbs);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: >= 2 } x] && Channels > 0 && !x[1].IsPerImage && x[1].Count > Channels
            ? x : throw Misfit(inputs, $"[N, C, ...] of more than {Channels} channels");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        // Side by side in memory are the channels of a pixel.
        var pixels = inputs[0].movedim([1], [-1]);
        var (channels, last) = (pixels.shape[^1], pixels.dim() - 1);
        var parts = pixels.split([Channels, channels - Channels], last);
        return cat([parts[0].abs(), parts[1]], last).movedim([-1], [1]);
    }

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => [new ActivationLayer(node.Name, -1, 1, HasKink: true)];

    public override Operand Simplify(GraphBuilder graph, string name, Operand[] inputs)
    {
        var rest = inputs[0].Shape[1].Count - Channels;
        var bent = graph.Add($"{name}/abs", new Abs(), graph.Add($"{name}/first", new Slice(1, 0, Channels, 1), inputs));
        return graph.Add(name, new Concat(1), bent, graph.Add($"{name}/rest", new Slice(1, Channels, rest, 1), inputs));
    }

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        string Constant(string what, long number) => writer.Constant($"{name}.{what}", tensor(new[] { number }));
        var (zero, axis, end) = (Constant("zero", 0), Constant("axis", 1), Constant("end", long.MaxValue));
        var channels = Constant("channels", Channels);
        writer.Node("Slice", $"{name}.first", [inputs[0], zero, channels, axis]);
        writer.Node("Abs", $"{name}.abs", [$"{name}.first"]);
        writer.Node("Slice", $"{name}.rest", [inputs[0], channels, end, axis]);
        writer.Node("Concat", name, [$"{name}.abs", $"{name}.rest"], ("axis", 1L));
    }
}

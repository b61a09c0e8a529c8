using System.Collections.Immutable;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A value put one behind the other so many times along each axis.</summary>
/// <param name="Repeats">How many times; once along the images.</param>
internal sealed record Tile(ImmutableArray<long> Repeats) : Operation
{
    private const long Most = 1 << 30;

    public override string Kind => "Tile";

    public override bool IsAffine(LayerNode node) => true;

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new Tile([.. OnnxNode.Known(node.Input(1))]), node.Input(0))];

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x] && x.Rank == Repeats.Length && Repeats.Select((times, i) => times == 1
            || (!x[i].IsPerImage && times is >= 0 and < Most && x[i].Count < Most)).All(fits => fits)
            ? new([.. x.Sizes.Select((size, i) => Repeats[i] == 1 ? size : size.Count * Repeats[i])])
            : throw Misfit(inputs, $"a value that can be repeated [{string.Join(", ", Repeats.Take(16))}] times, the images once");

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].repeat([.. Repeats]);

    public override void Write(OnnxWriter writer, string name, string[] inputs) =>
        writer.Node(Kind, name, [.. inputs, writer.Constant($"{name}/repeats", tensor((long[])[.. Repeats]))]);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A value repeated along axes of size 1, or new ones before the first: broadcast to a shape.</summary>
/// <remarks>Inputs: x, and the images where x does not have their axis and the shape does, as a class token has not.</remarks>
/// <param name="Target">The shape.</param>
internal sealed record Expand(ValueShape Target) : Operation
{
    public override string Kind => "Expand";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        var target = OnnxNode.KnownSizes(node.Input(1));
        var (rank, offset) = (x.Shape.Rank, target.Length - x.Shape.Rank);
        // What the file says for the number of images that it is made for is theirs.
        target = [.. target.Select((size, i) => i >= offset && i - offset < rank && x.Shape[i - offset] is { IsPerImage: true } images
            && size == images.At(node.Batch ?? 0) ? images : size)];
        return [To(node.Name, graph, x, BinaryOperation.Broadcast(x.Shape, new(target))
            ?? throw new InvalidDataException($"It gets {x.Shape}, which is not to be broadcast to [{string.Join(", ", target)}]."))];
    }

    /// <summary>Adds a value broadcast to a shape.</summary>
    public static Operand To(string name, GraphBuilder graph, Operand x, ValueShape target) => x.Shape == target ? x
        : target.BatchAxis is not null && x.Shape.BatchAxis is null ? graph.Add(name, new Expand(target), x, graph.Input)
        : graph.Add(name, new Expand(target), x);

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [var x, .. { Length: <= 1 } images] && BinaryOperation.Broadcast(x, Target) == Target
            && (images is [{ Rank: > 0 } batch] ? batch[0] == Dimension.Batch : x.BatchAxis is not null || Target.BatchAxis is null)
            ? Target
            : throw Misfit(inputs, $"what is to be broadcast to {Target}");

    public override ParameterRole Role(int input) => ParameterRole.Weight;

    public override Tensor Run(Tensor[] inputs, bool isTraining) => inputs[0].expand(
        inputs.Length > 1 ? Target.At(inputs[1].shape[0]) : [.. Target.Sizes.Select(size => size.IsPerImage ? -1 : size.Count)]);

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        string Constant(string part, IEnumerable<Dimension> sizes) =>
            writer.Constant($"{name}/{part}", tensor((long[])[.. sizes.Select(size => size.IsPerImage ? 1 : size.Count)]));
        if (inputs.Length == 1)
        {
            writer.Node(Kind, name, [inputs[0], Constant("shape", Target.Sizes)]);
            return;
        }

        var axis = Target.BatchAxis!.Value;
        writer.Node("Shape", $"{name}/images", [inputs[1]]);
        writer.Node("Gather", $"{name}/count", [$"{name}/images", Constant("first", [0])], ("axis", 0L));
        writer.Node("Mul", $"{name}/batch", [$"{name}/count", Constant("each", [Target[axis].Count])]);
        writer.Node(
            "Concat",
            $"{name}/shape",
            [Constant("before", Target.Sizes.Take(axis)), $"{name}/batch", Constant("after", Target.Sizes.Skip(axis + 1))],
            ("axis", 0L));
        writer.Node(Kind, name, [inputs[0], $"{name}/shape"]);
    }
}

using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Graph.Onnx;

/// <summary>The images that a file takes.</summary>
/// <param name="Name">The name of the value.</param>
/// <param name="Shape">Its shape, the batch first.</param>
/// <param name="Batch">The number of images that the file is made for; null where it takes any.</param>
internal sealed record OnnxInput(string Name, ValueShape Shape, long? Batch)
{
    private const long MostImages = 1 << 20;

    /// <summary>The only input of a graph that is no constant.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="image">The sizes of one image, channels first; null for those that the file has.</param>
    /// <exception cref="InvalidDataException">It has none or several, or one of another shape.</exception>
    public static OnnxInput Of(GraphProto graph, IReadOnlyList<long>? image)
    {
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(); // Old files list weights among the inputs.
        ValueInfoProto[] inputs = [.. graph.Input.Where(value => !weights.Contains(value.Name))];
        if (inputs is not [{ Type.TensorType: { } type } only])
        {
            throw new InvalidDataException($"It has {inputs.Length} inputs: expected one, images.");
        }

        var declared = type.Shape?.Dim.Select(size => size.DimValue > 0 ? size.DimValue : (long?)null).ToArray()
            ?? [null, .. (image ?? []).Select(_ => (long?)null)];
        var shown = $"Its input {FileText.Quote(only.Name)} is [{string.Join(", ", declared.Select(size => size?.ToString() ?? "?"))}]";
        if (declared.Length == 0 || declared[0] > MostImages)
        {
            throw new InvalidDataException($"{shown}: expected an axis for the images, for at most {MostImages}.");
        }

        if (image is null)
        {
            image = Array.TrueForAll(declared[1..], size => size is not null) ? [.. declared[1..].Select(size => size!.Value)]
                : throw new InvalidDataException($"{shown}: the sizes of an image have to be given.");
        }

        bool Fits(params IReadOnlyList<long> sizes) =>
            declared.Length == sizes.Count + 1 && declared.Skip(1).Zip(sizes).All(pair => pair.First is null || pair.First == pair.Second);
        var shape = image is [var channels, var height, var width] && Fits(height, width, channels)
            && (!Fits(image) || (channels != height && TurnsChannels(graph, only.Name)))
                ? [height, width, channels]
                : Fits(image) ? image
                : throw new InvalidDataException($"{shown}: expected the number of images and [{string.Join(", ", image)}].");
        return new(only.Name, new([Dimension.Batch, .. shape.Select(size => new Dimension(size))]), declared[0]);
    }

    /// <summary>Whether channels are brought from the last axis to the first, so that they come last.</summary>
    private static bool TurnsChannels(GraphProto graph, string input)
    {
        var names = new HashSet<string> { input };
        foreach (var node in graph.Node.Where(node => node.Input.Count > 0 && names.Contains(node.Input[0])))
        {
            if (node.OpType == "Transpose")
            {
                return node.Attribute.FirstOrDefault(attribute => attribute.Name == "perm")?.Ints.ToArray() is [0, 3, 1, 2];
            }

            if (node.OpType is "Cast" or "Identity" or "Div" or "Mul" or "Sub" or "Add")
            {
                names.UnionWith(node.Output);
            }
        }

        return false;
    }
}

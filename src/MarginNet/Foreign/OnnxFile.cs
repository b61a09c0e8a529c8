using Google.Protobuf;
using MarginNet.Checkpoints;
using Onnx;

namespace MarginNet.Foreign;

/// <summary>What ONNX files have in them, wherever it is.</summary>
internal static class OnnxFile
{
    /// <summary>Reads a file as a message.</summary>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    public static ModelProto Parse(ReadOnlyMemory<byte> file)
    {
        try
        {
            return ModelProto.Parser.ParseFrom(file.Span);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException("It is no ONNX model, or is damaged.", e);
        }
    }

    /// <summary>Texts that whoever wrote the model put beside its graph.</summary>
    public static Dictionary<string, string> Metadata(ModelProto model)
    {
        var metadata = new Dictionary<string, string>();
        foreach (var entry in model.MetadataProps)
        {
            metadata[entry.Key] = entry.Value;
        }

        return metadata;
    }

    /// <summary>The name of a batch normalisation that was exported in training mode; null where there is none.</summary>
    public static string? TrainingNormalization(ModelProto model) =>
        Nodes(model).FirstOrDefault(node => node.OpType == "BatchNormalization"
            && (node.Output.Count(output => output.Length > 0) > 1
                || node.Attribute.Any(attribute => attribute is { Name: "training_mode", I: not 0 }))) is { } found
            ? FileText.Show(found.Name) : null;

    /// <summary>All tensors, those of graphs within nodes and of functions, too.</summary>
    public static IEnumerable<TensorProto> Tensors(ModelProto model) =>
        Graphs(model).SelectMany(graph => graph.Initializer.Concat(graph.SparseInitializer.SelectMany(Parts)))
            .Concat(Nodes(model).SelectMany(node => node.Attribute).SelectMany(attribute =>
                attribute.Tensors.Append(attribute.T).Concat(attribute.SparseTensors.Append(attribute.SparseTensor).SelectMany(Parts))))
            .Where(tensor => tensor is not null);

    private static IEnumerable<TensorProto> Parts(SparseTensorProto? sparse) => sparse is null ? [] : [sparse.Values, sparse.Indices];

    private static IEnumerable<GraphProto> Graphs(ModelProto model) =>
        (model.Graph is null ? [] : Within(model.Graph)).Concat(model.Functions.SelectMany(function => Within(function.Node)));

    private static IEnumerable<NodeProto> Nodes(ModelProto model) =>
        Graphs(model).SelectMany(graph => graph.Node).Concat(model.Functions.SelectMany(function => function.Node));

    private static IEnumerable<GraphProto> Within(GraphProto graph) => Within(graph.Node).Prepend(graph);

    private static IEnumerable<GraphProto> Within(IEnumerable<NodeProto> nodes) => nodes.SelectMany(node => node.Attribute)
        .SelectMany(attribute => attribute.G is null ? attribute.Graphs : attribute.Graphs.Append(attribute.G))
        .SelectMany(Within);
}

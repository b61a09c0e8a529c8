using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>The messages within an ONNX model that tensors and nodes are in. Field numbers are those of onnx.proto.</summary>
internal enum OnnxPart
{
    None,
    Model,
    Graph,
    Function,
    Node,
    Attribute,
    SparseTensor,
    Tensor,
}

/// <summary>What is in what.</summary>
internal static class OnnxParts
{
    private const int MostNested = 64;

    /// <summary>What a field of a message is.</summary>
    public static OnnxPart Of(OnnxPart parent, int field) => (parent, field) switch
    {
        (OnnxPart.Model, 7) => OnnxPart.Graph,
        (OnnxPart.Model, 25) => OnnxPart.Function,
        (OnnxPart.Graph, 1) or (OnnxPart.Function, 7) => OnnxPart.Node,
        (OnnxPart.Graph, 5) => OnnxPart.Tensor,
        (OnnxPart.Graph, 15) => OnnxPart.SparseTensor,
        (OnnxPart.Node, 5) => OnnxPart.Attribute,
        (OnnxPart.Attribute, 5 or 10) => OnnxPart.Tensor,
        (OnnxPart.Attribute, 6 or 11) => OnnxPart.Graph,
        (OnnxPart.Attribute, 22 or 23) => OnnxPart.SparseTensor,
        (OnnxPart.SparseTensor, 1 or 2) => OnnxPart.Tensor,
        _ => OnnxPart.None,
    };

    /// <summary>The name of a batch normalisation that was exported in training mode; null where there is none.</summary>
    public static string? TrainingNormalization(ReadOnlyMemory<byte> model) => TrainingNormalization(model, OnnxPart.Model, depth: 0);

    /// <summary>Texts that whoever wrote the model put beside its graph.
    /// ONNX Runtime's own reading of them fails at some damaged files.</summary>
    public static Dictionary<string, string> Metadata(ReadOnlyMemory<byte> model)
    {
        const int Properties = 14;
        var metadata = new Dictionary<string, string>();
        for (var reader = new ProtobufReader(model); reader.Next();)
        {
            if (reader.Field == Properties)
            {
                var (key, value) = Entry(reader.Content);
                metadata[key] = value;
            }
        }

        return metadata;
    }

    /// <summary>The key and the value of a StringStringEntryProto.</summary>
    public static (string Key, string Value) Entry(ReadOnlyMemory<byte> entry)
    {
        var (key, value) = ("", "");
        for (var reader = new ProtobufReader(entry); reader.Next();)
        {
            (key, value) = reader.Field switch { 1 => (reader.Text, value), 2 => (key, reader.Text), _ => (key, value) };
        }

        return (key, value);
    }

    private static string? TrainingNormalization(ReadOnlyMemory<byte> message, OnnxPart part, int depth)
    {
        if (part is OnnxPart.Tensor or OnnxPart.None || depth > MostNested)
        {
            return null;
        }

        var (name, isNormalization, outputs, isTraining) = ("", false, 0, false);
        for (var reader = new ProtobufReader(message); reader.Next();)
        {
            if (part == OnnxPart.Node)
            {
                name = reader.Field == 3 ? reader.Text : name;
                isNormalization |= reader.Field == 4 && reader.Content.Span.SequenceEqual("BatchNormalization"u8);
                outputs += reader.Field == 2 && !reader.Content.IsEmpty ? 1 : 0;
                isTraining |= reader.Field == 5 && IsTrainingMode(reader.Content);
            }

            if (TrainingNormalization(reader.Content, Of(part, reader.Field), depth + 1) is { } found)
            {
                return found;
            }
        }

        return isNormalization && (isTraining || outputs > 1) ? FileText.Show(name) : null;
    }

    private static bool IsTrainingMode(ReadOnlyMemory<byte> attribute)
    {
        var (isNamed, value) = (false, 0UL);
        for (var reader = new ProtobufReader(attribute); reader.Next();)
        {
            isNamed |= reader.Field == 1 && reader.Content.Span.SequenceEqual("training_mode"u8);
            value = reader.Field == 3 ? reader.Number : value;
        }

        return isNamed && value != 0;
    }
}

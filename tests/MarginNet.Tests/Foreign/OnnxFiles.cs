using Google.Protobuf;
using Onnx;
using ElementType = Onnx.TensorProto.Types.DataType;

namespace MarginNet.Tests.Foreign;

/// <summary>Small ONNX models.</summary>
internal static class OnnxFiles
{
    /// <summary>Scores [N, 4] that are the channels' means times weights [3, 4] that lie in another file.</summary>
    /// <param name="place">What the model says of the file: its location, and where they are in it.</param>
    /// <param name="count">How many such weights there are; one is used.</param>
    public static byte[] Linked(IReadOnlyDictionary<string, string> place, int count = 1) => Model(new()
    {
        Node =
        {
            Node("GlobalAveragePool", ["images"], "means"), Node("Flatten", ["means"], "flat"), Node("MatMul", ["flat", "w0"], "scores"),
        },
        Initializer =
        {
            Enumerable.Range(0, count).Select(i => new TensorProto
            {
                Name = $"w{i}",
                DataType = (int)ElementType.Float,
                Dims = { 3, 4 },
                DataLocation = TensorProto.Types.DataLocation.External,
                ExternalData = { place.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }) },
            }),
        },
    });

    /// <summary>Scores [N, 3] that are the channels' means of pixels of 8 bits, whose scale is that of the whole batch.</summary>
    public static byte[] DynamicallyQuantized() => Model(new()
    {
        Node =
        {
            Node("DynamicQuantizeLinear", ["images"], "quantized", "scale", "zero"),
            Node("DequantizeLinear", ["quantized", "scale", "zero"], "pixels"),
            Node("GlobalAveragePool", ["pixels"], "means"), Node("Flatten", ["means"], "scores"),
        },
    });

    /// <summary>A loop whose condition stays true.</summary>
    public static byte[] Forever(int size)
    {
        var loop = Node("Loop", ["", "true", "flat"], "scores");
        var body = new GraphProto
        {
            Name = "body",
            Node = { Node("Identity", ["condition"], "goes_on"), Node("Identity", ["value"], "next") },
            Input =
            {
                Value("iteration", ElementType.Int64, []),
                Value("condition", ElementType.Bool, []),
                Value("value", ElementType.Float, null),
            },
            Output = { Value("goes_on", ElementType.Bool, []), Value("next", ElementType.Float, null) },
        };
        loop.Attribute.Add(new AttributeProto { Name = "body", Type = AttributeProto.Types.AttributeType.Graph, G = body });
        return Model(
            new()
            {
                Node = { Node("GlobalAveragePool", ["images"], "means"), Node("Flatten", ["means"], "flat"), loop },
                Initializer = { new TensorProto { Name = "true", DataType = (int)ElementType.Bool, RawData = ByteString.CopyFrom(1) } },
            },
            size);
    }

    /// <summary>A node.</summary>
    public static NodeProto Node(string operation, string[] inputs, params string[] outputs) =>
        new() { OpType = operation, Input = { inputs }, Output = { outputs } };

    /// <summary>A tensor, of sizes that are any where 0; null for any shape.</summary>
    public static ValueInfoProto Value(string name, ElementType type, long[]? shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type };
        if (shape is not null)
        {
            tensor.Shape = new()
            {
                Dim =
                {
                    shape.Select(size => size > 0
                        ? new TensorShapeProto.Types.Dimension { DimValue = size }
                        : new TensorShapeProto.Types.Dimension { DimParam = "n" }),
                },
            };
        }

        return new() { Name = name, Type = new() { TensorType = tensor } };
    }

    private static byte[] Model(GraphProto graph, int size = 16)
    {
        graph.Name = "graph";
        graph.Input.Add(Value("images", ElementType.Float, [0, 3, size, size]));
        graph.Output.Add(Value("scores", ElementType.Float, [0, 0]));
        return new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = 13 } } }.ToByteArray();
    }
}

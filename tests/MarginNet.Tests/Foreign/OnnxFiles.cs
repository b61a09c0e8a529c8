using MarginNet.Export;

namespace MarginNet.Tests.Foreign;

/// <summary>Small ONNX models, written field by field. Field numbers are those of onnx.proto.</summary>
internal static class OnnxFiles
{
    private const int Float = 1;
    private const int Int64 = 7;
    private const int Bool = 9;

    /// <summary>Scores [N, 4] that are the channels' means times weights [3, 4] that lie in another file.</summary>
    /// <param name="place">What the model says of the file: its location, and where they are in it.</param>
    /// <param name="count">How many such weights there are; one is used.</param>
    public static byte[] Linked(IReadOnlyDictionary<string, string> place, int count = 1) => Model(graph =>
    {
        Node(graph, "GlobalAveragePool", ["images"], "means");
        Node(graph, "Flatten", ["means"], "flat");
        Node(graph, "MatMul", ["flat", "w0"], "scores");
        for (var i = 0; i < count; i++)
        {
            graph.Message(5, tensor =>
            {
                tensor.Integer(1, 3);
                tensor.Integer(1, 4);
                tensor.Integer(2, Float);
                tensor.Text(8, $"w{i}");
                foreach (var (key, value) in place)
                {
                    tensor.Message(13, entry =>
                    {
                        entry.Text(1, key);
                        entry.Text(2, value);
                    });
                }

                tensor.Integer(14, 1);
            });
        }
    });

    /// <summary>Scores [N, 3] that are the channels' means of pixels of 8 bits, whose scale is that of the whole batch.</summary>
    public static byte[] DynamicallyQuantized() => Model(graph =>
    {
        graph.Message(1, node =>
        {
            node.Text(1, "images");
            Array.ForEach(["quantized", "scale", "zero"], output => node.Text(2, output));
            node.Text(4, "DynamicQuantizeLinear");
        });
        Node(graph, "DequantizeLinear", ["quantized", "scale", "zero"], "pixels");
        Node(graph, "GlobalAveragePool", ["pixels"], "means");
        Node(graph, "Flatten", ["means"], "scores");
    });

    /// <summary>A loop whose condition stays true.</summary>
    public static byte[] Forever(int size) => Model(
        graph =>
        {
            Node(graph, "GlobalAveragePool", ["images"], "means");
            Node(graph, "Flatten", ["means"], "flat");
            graph.Message(5, tensor =>
            {
                tensor.Integer(2, Bool);
                tensor.Text(8, "true");
                tensor.Bytes(9, [1]);
            });
            graph.Message(1, node =>
            {
                Array.ForEach(["", "true", "flat"], input => node.Text(1, input));
                node.Text(2, "scores");
                node.Text(4, "Loop");
                node.Message(5, attribute =>
                {
                    const int Graph = 5;
                    attribute.Text(1, "body");
                    attribute.Message(6, Body);
                    attribute.Integer(20, Graph);
                });
            });
        },
        size);

    private static void Body(ProtobufWriter body)
    {
        Node(body, "Identity", ["condition"], "goes_on");
        Node(body, "Identity", ["value"], "next");
        body.Text(2, "body");
        body.Message(11, value => Value(value, "iteration", Int64, []));
        body.Message(11, value => Value(value, "condition", Bool, []));
        body.Message(11, value => Value(value, "value", Float, null));
        body.Message(12, value => Value(value, "goes_on", Bool, []));
        body.Message(12, value => Value(value, "next", Float, null));
    }

    private static byte[] Model(Action<ProtobufWriter> nodes, int size = 16)
    {
        var file = new ProtobufWriter();
        file.Integer(1, 8); // The version of the format.
        file.Message(7, graph =>
        {
            nodes(graph);
            graph.Text(2, "graph");
            graph.Message(11, value => Value(value, "images", Float, [0, 3, size, size]));
            graph.Message(12, value => Value(value, "scores", Float, [0, 0]));
        });
        file.Message(8, operators => operators.Integer(2, 13));
        return file.Content.ToArray();
    }

    private static void Node(ProtobufWriter graph, string operation, string[] inputs, string output) => graph.Message(1, node =>
    {
        Array.ForEach(inputs, input => node.Text(1, input));
        node.Text(2, output);
        node.Text(4, operation);
    });

    /// <summary>A tensor, of sizes that are any where 0; null for any shape.</summary>
    private static void Value(ProtobufWriter writer, string name, int type, long[]? shape)
    {
        writer.Text(1, name);
        writer.Message(2, kind => kind.Message(1, tensor =>
        {
            tensor.Integer(1, type);
            if (shape is not null)
            {
                tensor.Message(2, sizes => Array.ForEach(shape, size => sizes.Message(1, dimension =>
                {
                    if (size > 0)
                    {
                        dimension.Integer(1, size);
                    }
                    else
                    {
                        dimension.Text(2, "n");
                    }
                })));
            }
        }));
    }
}

using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Export;

/// <summary>
/// An ONNX file in the making: nodes in the order they are computed, and their weights. Field numbers are those of onnx.proto,
/// operators those of operator set 13.
/// </summary>
internal sealed class OnnxGraph
{
    /// <summary>The name of the graph's input, images [N, channels, height, width].</summary>
    public const string Input = "images";

    /// <summary>The name of its output, scores [N, C].</summary>
    public const string Output = "scores";

    private const int IrVersion = 7; // What came with operator set 13.
    private const int OperatorSet = 13;
    private const int ElementFloat = 1;
    private const string BatchDimension = "N";

    private readonly ProtobufWriter _nodes = new();
    private readonly HashSet<string> _names = [Input, Output];

    /// <summary>Adds a weight, as float32, and returns its name.</summary>
    public string Weight(string name, Tensor value)
    {
        using var scope = NewDisposeScope();
        name = Unique(name);
        var stored = StoredTensor.FromTensor(value.to(ScalarType.Float32));
        _nodes.Message(5, tensor =>
        {
            foreach (var size in stored.Shape)
            {
                tensor.Integer(1, size);
            }

            tensor.Integer(2, ElementFloat);
            tensor.Text(8, name);
            tensor.Bytes(9, stored.Data.Span);
        });
        return name;
    }

    /// <summary>Adds a node of one output, which is named as the node, and returns that name.</summary>
    /// <param name="operation">An operator of ONNX.</param>
    /// <param name="name">The node's name; a second one of that name gets another.</param>
    /// <param name="inputs">Names of outputs and weights.</param>
    /// <param name="attributes">Integers, lists of them, or floats.</param>
    public string Node(string operation, string name, string[] inputs, params (string Name, object Value)[] attributes)
    {
        var output = Unique(name);
        Write(operation, output, inputs, attributes);
        return output;
    }

    /// <summary>The whole file.</summary>
    /// <param name="scores">The name of the value that is the output.</param>
    /// <param name="input">The sizes of one input.</param>
    /// <param name="classCount">The number of scores.</param>
    /// <param name="metadata">Texts by name.</param>
    public ReadOnlyMemory<byte> ToModel(string scores, long[] input, int classCount, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        Write("Identity", Output, [scores]);
        var model = new ProtobufWriter();
        model.Integer(1, IrVersion);
        model.Text(2, "MarginNet");
        model.Text(3, typeof(OnnxGraph).Assembly.GetName().Version!.ToString(3));
        model.Message(8, set => set.Integer(2, OperatorSet));
        var graph = new ProtobufWriter();
        graph.Text(2, "classifier");
        graph.Message(11, value => WriteValue(value, Input, input));
        graph.Message(12, value => WriteValue(value, Output, [classCount]));
        model.Bytes(7, [.. graph.Content.Span, .. _nodes.Content.Span]);
        foreach (var (key, text) in metadata)
        {
            model.Message(14, entry =>
            {
                entry.Text(1, key);
                entry.Text(2, text);
            });
        }

        return model.Content;
    }

    private string Unique(string name)
    {
        while (!_names.Add(name))
        {
            name += '_';
        }

        return name;
    }

    private void Write(string operation, string output, string[] inputs, params (string Name, object Value)[] attributes) =>
        _nodes.Message(1, node =>
        {
            Array.ForEach(inputs, input => node.Text(1, input));
            node.Text(2, output);
            node.Text(3, output);
            node.Text(4, operation);
            foreach (var (name, value) in attributes)
            {
                node.Message(5, attribute => WriteAttribute(attribute, name, value));
            }
        });

    private static void WriteAttribute(ProtobufWriter writer, string name, object value)
    {
        const int KindFloat = 1;
        const int KindInteger = 2;
        const int KindIntegers = 7;
        writer.Text(1, name);
        switch (value)
        {
            case float number:
                writer.Float(2, number);
                writer.Integer(20, KindFloat);
                break;
            case long number:
                writer.Integer(3, number);
                writer.Integer(20, KindInteger);
                break;
            default:
                Array.ForEach((long[])value, number => writer.Integer(8, number));
                writer.Integer(20, KindIntegers);
                break;
        }
    }

    /// <summary>A tensor of floats with any number of samples first.</summary>
    private static void WriteValue(ProtobufWriter writer, string name, long[] shape)
    {
        writer.Text(1, name);
        writer.Message(2, type => type.Message(1, tensor =>
        {
            tensor.Integer(1, ElementFloat);
            tensor.Message(2, sizes =>
            {
                sizes.Message(1, size => size.Text(2, BatchDimension));
                Array.ForEach(shape, value => sizes.Message(1, size => size.Integer(1, value)));
            });
        }));
    }
}

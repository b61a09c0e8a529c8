using Google.Protobuf;
using MarginNet.Checkpoints;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Onnx;

/// <summary>An ONNX file in the making, with operators of set 13.</summary>
internal sealed class OnnxWriter
{
    private const int IrVersion = 7; // What came with operator set 13.
    private const int OperatorSet = 13;
    private const string BatchDimension = "N";

    private readonly GraphProto _graph = new() { Name = "classifier" };
    private readonly HashSet<string> _constants = [];
    private readonly Dictionary<string, Tensor> _parameters;

    private OnnxWriter(Dictionary<string, Tensor> parameters) => _parameters = parameters;

    /// <summary>Writes a graph as a model.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="parameters">The tensors of its parameters, or others in their place.</param>
    /// <param name="metadata">Texts by name.</param>
    public static ModelProto Write(NetworkGraph graph, IReadOnlyList<Tensor> parameters, IReadOnlyDictionary<string, string> metadata)
    {
        using var scope = NewDisposeScope();
        var writer = new OnnxWriter(graph.Parameters.Zip(parameters).ToDictionary(pair => pair.First.Name, pair => pair.Second));
        foreach (var node in graph.Nodes)
        {
            node.Operation.Write(writer, node.Name, [.. node.Inputs]);
        }

        var last = graph.Nodes.Length > 0 ? graph.Nodes[^1].Shape : graph.Input;
        writer.Node("Identity", NetworkGraph.Scores, [graph.Output]);
        writer.Parameters();
        writer._graph.Input.Add(Describe(NetworkGraph.Images, graph.Input));
        writer._graph.Output.Add(Describe(
            NetworkGraph.Scores, graph.Nodes.FirstOrDefault(node => node.Name == graph.Output)?.Shape ?? last));
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "MarginNet",
            ProducerVersion = typeof(OnnxWriter).Assembly.GetName().Version!.ToString(3),
            Graph = writer._graph,
            OpsetImport = { new OperatorSetIdProto { Version = OperatorSet } },
            MetadataProps = { metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }) },
        };
        return model;
    }

    /// <summary>A parameter of the graph, which is written where a node takes it.</summary>
    public Tensor Parameter(string name) => _parameters[name];

    /// <summary>Adds a node of one output, which is named as the node.</summary>
    /// <param name="operation">An operator of ONNX.</param>
    /// <param name="name">The name; it has to be unique, as <c>name/part</c> is where <c>name</c> is.</param>
    /// <param name="inputs">Names of values.</param>
    /// <param name="attributes">Integers, floats, texts, or lists of the first two.</param>
    public void Node(string operation, string name, string[] inputs, params (string Name, object Value)[] attributes) =>
        _graph.Node.Add(new NodeProto
        {
            OpType = operation,
            Name = name,
            Input = { inputs },
            Output = { name },
            Attribute = { attributes.Select(attribute => Attribute(attribute.Name, attribute.Value)) },
        });

    /// <summary>Adds a tensor, real numbers as float32, and returns its name; it may take the place of a parameter.</summary>
    public string Constant(string name, Tensor value)
    {
        using var scope = NewDisposeScope();
        _constants.Add(name);
        var stored = StoredTensor.FromTensor(value.is_floating_point() ? value.to(ScalarType.Float32) : value.to(ScalarType.Int64));
        _graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = (int)(value.is_floating_point() ? TensorProto.Types.DataType.Float : TensorProto.Types.DataType.Int64),
            Dims = { stored.Shape },
            RawData = ByteString.CopyFrom(stored.Data.Span),
        });
        return name;
    }

    /// <summary>Adds the parameters that nodes take, in their order.</summary>
    private void Parameters()
    {
        var taken = _graph.Node.SelectMany(node => node.Input).ToHashSet();
        foreach (var (name, value) in _parameters.Where(parameter => taken.Contains(parameter.Key) && !_constants.Contains(parameter.Key)))
        {
            Constant(name, value);
        }
    }

    private static AttributeProto Attribute(string name, object value) => value switch
    {
        long integer => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = integer },
        float number => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = number },
        string text => new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(text) },
        long[] integers => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { integers } },
        float[] numbers => new() { Name = name, Type = AttributeProto.Types.AttributeType.Floats, Floats = { numbers } },
        _ => throw new ArgumentException($"Attribute '{name}' is a {value.GetType().Name}.", nameof(value)),
    };

    private static ValueInfoProto Describe(string name, ValueShape shape) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new()
                {
                    Dim =
                    {
                        shape.Sizes.Select(size => size.IsPerImage
                            ? new TensorShapeProto.Types.Dimension { DimParam = size.Count == 1 ? BatchDimension : $"{size}" }
                            : new TensorShapeProto.Types.Dimension { DimValue = size.Count }),
                    },
                },
            },
        },
    };
}

using Google.Protobuf;
using MarginNet.Graph.Onnx;
using Onnx;
using static TorchSharp.torch;
using AttributeType = Onnx.AttributeProto.Types.AttributeType;

namespace MarginNet.Fuzz;

/// <summary>ONNX files of many operators, read as graphs.</summary>
internal static class GraphFile
{
    private const string Suffix = ".onnx";

    private static readonly string[] Operators =
    [
        "Abs", "Add", "AveragePool", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv", "ConvTranspose", "CumSum",
        "DepthToSpace", "Div", "Einsum", "Equal", "Expand", "Flatten", "Gather", "Gemm", "If", "LayerNormalization", "MatMul", "MaxPool",
        "Mul", "Pad", "Pow", "Range", "ReduceMean", "ReduceProd", "Reshape", "Resize", "Shape", "Size", "Slice", "Softmax", "SpaceToDepth",
        "Split", "Squeeze", "Sub", "Tile", "Transpose", "Unsqueeze", "Upsample", "Where",
    ];

    private static readonly long[] Edges =
    [
        0, 1, -1, 2, 3, -2, 7, 64, 1 << 20, 1 << 30, int.MaxValue, int.MinValue,
        1L << 40, 1_000_000_000_000, long.MaxValue, long.MinValue,
    ];

    /// <summary>Names of operators.</summary>
    public static byte[][] Tokens { get; } = Array.ConvertAll(Operators, Fuzz.Seeds.Utf8);

    /// <summary>Small networks of the usual kinds, with most operators among them.</summary>
    public static byte[][] Seeds() =>
    [
        .. typeof(GraphFile).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(Suffix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var stream = typeof(GraphFile).Assembly.GetManifestResourceStream(name)!;
                using var content = new MemoryStream();
                stream.CopyTo(content);
                return content.ToArray();
            })
            .Where(file => file.Length < 40_000),
    ];

    public static void Read(string path)
    {
        try
        {
            using var scope = NewDisposeScope();
            _ = OnnxReader.Read(ModelProto.Parser.ParseFrom(File.ReadAllBytes(path)), image: null);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(path)}: {e.Message}", e);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(path)}: {e.Message}", e);
        }
    }

    /// <summary>Changes one to four things that the file means: operators, inputs, attributes, constants and sizes.</summary>
    public static byte[] Damage(Mutator mutator, byte[] file)
    {
        var model = ModelProto.Parser.ParseFrom(file);
        var (graph, random) = (model.Graph, mutator.Random);
        for (var i = random.Next(1, 5); i > 0 && graph.Node.Count > 0; i--)
        {
            var node = mutator.Pick(graph.Node);
            switch (random.Next(10))
            {
                case 0: node.OpType = mutator.Pick(Operators); break;
                case 1 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = AnyName(mutator, graph); break;
                case 2: node.Input.Add(AnyName(mutator, graph)); break;
                case 3 when node.Input.Count > 0: node.Input.RemoveAt(random.Next(node.Input.Count)); break;
                case 4 when node.Output.Count > 0: node.Output[0] = AnyName(mutator, graph); break;
                case 5 when graph.Initializer.Count > 0: Damage(mutator, mutator.Pick(graph.Initializer)); break;
                case 6: graph.Node.Remove(node); break;
                case 7: graph.Node.Insert(random.Next(graph.Node.Count), Added(mutator, graph)); break;
                default: DamageAttribute(mutator, node); break;
            }
        }

        return model.ToByteArray();
    }

    private static string AnyName(Mutator mutator, GraphProto graph)
    {
        var node = mutator.Pick(graph.Node);
        return mutator.Random.Next(8) == 0 || node.Output.Count == 0 ? graph.Input.Count > 0 ? graph.Input[0].Name : "" : node.Output[0];
    }

    /// <summary>A node of its own, which later damage may put to use.</summary>
    private static NodeProto Added(Mutator mutator, GraphProto graph)
    {
        var tensor = new TensorProto { DataType = (int)TensorProto.Types.DataType.Int64, Dims = { 2 } };
        Damage(mutator, tensor);
        return new()
        {
            OpType = "Constant",
            Output = { AnyName(mutator, graph) },
            Attribute = { new AttributeProto { Name = "value", Type = AttributeType.Tensor, T = tensor } },
        };
    }

    private static void DamageAttribute(Mutator mutator, NodeProto node)
    {
        if (node.Attribute.Count == 0)
        {
            node.Attribute.Add(new AttributeProto
            {
                Name = mutator.Pick(["axis", "keepdims", "group"]),
                Type = AttributeType.Int,
                I = mutator.Pick(Edges),
            });
            return;
        }

        var attribute = mutator.Pick(node.Attribute);
        if (attribute.Type == AttributeType.Ints && attribute.Ints.Count > 0)
        {
            attribute.Ints[mutator.Random.Next(attribute.Ints.Count)] = mutator.Pick(Edges);
        }
        else if (attribute.Type == AttributeType.Tensor && attribute.T is not null)
        {
            Damage(mutator, attribute.T);
        }
        else
        {
            (attribute.I, attribute.F) = (mutator.Pick(Edges), mutator.Pick([0, float.NaN, -1, 1e38f, float.NegativeInfinity]));
        }
    }

    private static void Damage(Mutator mutator, TensorProto tensor)
    {
        if (tensor.DataType == (int)TensorProto.Types.DataType.Int64 && mutator.Random.Next(4) > 0)
        {
            // Integers are shapes, axes and places: what asks for the most.
            var count = (int)tensor.Dims.Aggregate(1L, (product, size) => Math.Clamp(product * Math.Clamp(size, 0, 64), 0, 64));
            tensor.RawData = ByteString.Empty;
            tensor.Int64Data.Clear();
            tensor.Int64Data.Add(Enumerable.Range(0, count).Select(_ => mutator.Pick(Edges)));
        }
        else if (tensor.Dims.Count > 0)
        {
            tensor.Dims[mutator.Random.Next(tensor.Dims.Count)] = mutator.Pick(Edges);
        }
    }
}

using Google.Protobuf;
using MarginNet.Graph;
using MarginNet.Graph.Onnx;
using Microsoft.ML.OnnxRuntime;
using Onnx;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Graph;

/// <summary>An ONNX file of one or a few nodes, on one input and some constants.</summary>
internal sealed class OperatorCase
{
    private readonly GraphProto _graph = new() { Name = "case" };
    private readonly long[] _image;
    private readonly int _set;

    /// <param name="image">The sizes of one image; the batch comes before them.</param>
    /// <param name="operatorSet">The operator set.</param>
    public OperatorCase(long[] image, int operatorSet = 17) => (_image, _set) = (image, operatorSet);

    /// <summary>The sizes of one image.</summary>
    public IReadOnlyList<long> Image => _image;

    /// <summary>The operator set.</summary>
    public int Set => _set;

    /// <summary>The name of the input.</summary>
    public const string Input = "x";

    /// <summary>How far the scores of random images, an input of at least 2 axes, are from ONNX Runtime's,
    /// as a share of the largest.</summary>
    /// <param name="random">What the images are drawn by.</param>
    /// <param name="draw">Draws one number. Default: of a normal distribution.</param>
    /// <returns>The largest difference over each of 1, 2 and 3 images, and of outputs.</returns>
    public double Difference(Random random, Func<Random, double>? draw = null)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var model = ToModel();
        using var session = OnnxSession.Open(model);
        var worst = 0.0;
        foreach (var output in _graph.Output.Select(value => value.Name))
        {
            var graph = OnnxReader.Read(model, _image, output, keepsSoftmax: true);
            foreach (var images in new[] { 2L, 1, 3 })
            {
                var count = _image.Aggregate(images, (product, size) => product * size);
                float[] numbers = [.. Enumerable.Range(0, (int)count).Select(_ => (float)(draw ?? Normal)(random))];
                using var value = OrtValue.CreateTensorValueFromMemory(numbers, [images, .. _image]);
                using var run = new RunOptions();
                using var results = session.Run(run, [Input], [value], [output]);
                var shape = results[0].GetTensorTypeAndShape().Shape;
                var expected = tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), shape);
                var found = graph.Run(tensor(numbers, [images, .. _image]), [.. graph.Parameters.Select(parameter => parameter.Value)]);
                Assert.Equal(shape, found.shape);
                var last = graph.Nodes.LastOrDefault(node => node.Name == graph.Output)?.Shape;
                Assert.Equal(shape, last?.At(images) ?? shape);
                worst = Math.Max(worst, Distance(expected, found));
                if (images == 3)
                {
                    worst = Math.Max(worst, DistanceOfWritten(graph, numbers, found));
                }
            }
        }

        return worst;
    }

    /// <summary>Checks that it is refused, by one line that begins so.</summary>
    public void Refuses(string message)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<InvalidDataException>(() => OnnxReader.Read(ToModel(), _image));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>Adds a node and makes its outputs those of the file.</summary>
    /// <param name="type">Its operator.</param>
    /// <param name="inputs">Names: <see cref="Input"/>, those of constants, of nodes before, or nothing for one left out.</param>
    /// <param name="attributes">Integers, floats, texts, or lists of the first two.</param>
    /// <param name="outputs">The number of outputs, named as the operator with a number.</param>
    /// <returns>The name of its first output.</returns>
    public string Node(string type, string[] inputs, (string Name, object Value)[]? attributes = null, int outputs = 1)
    {
        string[] names = [.. Enumerable.Range(0, outputs).Select(i => $"{type}{_graph.Node.Count}_{i}")];
        _graph.Output.Clear();
        _graph.Output.Add(names.Select(name => Value(name, null)));
        _graph.Node.Add(new NodeProto
        {
            OpType = type,
            Name = names[0],
            Input = { inputs },
            Output = { names },
            Attribute = { (attributes ?? []).Select(attribute => Attribute(attribute.Name, attribute.Value)) },
        });
        return names[0];
    }

    /// <summary>Adds a constant of real numbers and returns its name.</summary>
    public string Constant(long[] shape, Func<double> draw) => Constant(shape, [.. Enumerable.Range(
        0, (int)shape.Aggregate(1L, (product, size) => product * size)).Select(_ => (float)draw())]);

    /// <summary>Adds a constant of real numbers and returns its name.</summary>
    public string Constant(long[] shape, float[] values) => Constant(new()
    {
        DataType = (int)TensorProto.Types.DataType.Float,
        Dims = { shape },
        FloatData = { values },
    });

    /// <summary>Adds a constant of integers and returns its name.</summary>
    public string Constant(long[] shape, long[] values) => Constant(new()
    {
        DataType = (int)TensorProto.Types.DataType.Int64,
        Dims = { shape },
        Int64Data = { values },
    });

    /// <summary>A number of a normal distribution.</summary>
    public static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>How far what ONNX Runtime computes of the graph as it is written, and the graph read of that,
    /// are from its own scores.</summary>
    private double DistanceOfWritten(NetworkGraph graph, float[] numbers, Tensor scores)
    {
        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value)];
        var written = OnnxWriter.Write(graph, parameters, new Dictionary<string, string>());
        using var session = OnnxSession.Open(written);
        long[] shape = [3, .. _image];
        using var value = OrtValue.CreateTensorValueFromMemory(numbers, shape);
        using var run = new RunOptions();
        using var results = session.Run(run, [NetworkGraph.Images], [value], ["scores"]);
        var other = tensor(results[0].GetTensorDataAsSpan<float>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
        Assert.Equal(scores.shape, other.shape);
        var again = OnnxReader.Read(written, _image, keepsSoftmax: true);
        var found = again.Run(tensor(numbers, shape), [.. again.Parameters.Select(parameter => parameter.Value)]);
        return Math.Max(Distance(other, scores), Distance(found, scores));
    }

    private static double Distance(Tensor expected, Tensor found)
    {
        if (expected.numel() == 0)
        {
            return 0;
        }

        var scale = Math.Max(1e-3, expected.abs().max().item<float>());
        var distance = (found - expected).abs().max().item<float>() / scale;
        return double.IsNaN(distance) ? double.PositiveInfinity : distance;
    }

    private string Constant(TensorProto tensor)
    {
        tensor.Name = $"c{_graph.Initializer.Count}";
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    public ModelProto ToModel()
    {
        var graph = _graph.Clone();
        graph.Input.Add(Value(Input, [null, .. _image.Select(size => (long?)size)]));
        return new() { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Version = _set } } };
    }

    private static ValueInfoProto Value(string name, long?[]? shape)
    {
        var value = new ValueInfoProto
        {
            Name = name,
            Type = new() { TensorType = new() { ElemType = (int)TensorProto.Types.DataType.Float } },
        };
        if (shape is not null)
        {
            value.Type.TensorType.Shape = new()
            {
                Dim =
                {
                    shape.Select(size => size is { } known
                        ? new TensorShapeProto.Types.Dimension { DimValue = known }
                        : new TensorShapeProto.Types.Dimension { DimParam = "N" }),
                },
            };
        }

        return value;
    }

    private static AttributeProto Attribute(string name, object value) => value switch
    {
        long integer => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = integer },
        float number => new() { Name = name, Type = AttributeProto.Types.AttributeType.Float, F = number },
        string text => new() { Name = name, Type = AttributeProto.Types.AttributeType.String, S = ByteString.CopyFromUtf8(text) },
        TensorProto tensor => new() { Name = name, Type = AttributeProto.Types.AttributeType.Tensor, T = tensor },
        long[] integers => new() { Name = name, Type = AttributeProto.Types.AttributeType.Ints, Ints = { integers } },
        _ => new() { Name = name, Type = AttributeProto.Types.AttributeType.Floats, Floats = { (float[])value } },
    };
}

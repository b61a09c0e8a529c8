using Google.Protobuf;
using Onnx;

namespace MarginNet.Tests.Verification;

/// <summary>ONNX files of small networks, y = W₂ relu(W₁ x + b₁) + b₂, whose input is [batch, 1, n].</summary>
internal static class TinyNetwork
{
    /// <summary>Of random weights.</summary>
    public static byte[] Random(Random random, int inputs, int hidden, int outputs)
    {
        float[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
        return File(inputs, hidden, outputs, Draw(hidden * inputs), Draw(hidden), Draw(outputs * hidden), Draw(outputs));
    }

    /// <summary>y₀ = |x₀| + x₁/2 and y₁ = 1.</summary>
    public static byte[] AbsoluteValue() =>
        File(2, 4, 2, [1, 0, -1, 0, 0, 1, 0, -1], new float[4], [1, 1, 0.5f, -0.5f, 0, 0, 0, 0], [0, 1]);

    /// <summary>Such a network of given weights, each row by row.</summary>
    public static byte[] File(int inputs, int hidden, int outputs, float[] first, float[] firstBias, float[] second, float[] secondBias)
    {
        var graph = new GraphProto
        {
            Name = "tiny",
            Input = { Value("x", 1, 1, inputs) },
            Output = { Value("y", 1, outputs) },
            Initializer =
            {
                Tensor("w1", first, hidden, inputs), Tensor("b1", firstBias, hidden),
                Tensor("w2", second, outputs, hidden), Tensor("b2", secondBias, outputs),
            },
            Node =
            {
                Node("Flatten", ["x"], "flat"), Gemm(["flat", "w1", "b1"], "h"), Node("Relu", ["h"], "r"), Gemm(["r", "w2", "b2"], "y"),
            },
        };
        return new ModelProto { IrVersion = 8, OpsetImport = { new OperatorSetIdProto { Version = 13 } }, Graph = graph }.ToByteArray();
    }

    private static NodeProto Gemm(string[] inputs, string output)
    {
        var node = Node("Gemm", inputs, output);
        node.Attribute.Add(new AttributeProto { Name = "transB", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        return node;
    }

    private static NodeProto Node(string kind, string[] inputs, string output) =>
        new() { OpType = kind, Input = { inputs }, Output = { output } };

    private static TensorProto Tensor(string name, float[] numbers, params long[] shape) =>
        new() { Name = name, DataType = (int)TensorProto.Types.DataType.Float, Dims = { shape }, FloatData = { numbers } };

    private static ValueInfoProto Value(string name, params long[] shape) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new() { Dim = { shape.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }) } },
            },
        },
    };
}

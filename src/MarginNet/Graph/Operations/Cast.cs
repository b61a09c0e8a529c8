using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using Type = Onnx.TensorProto.Types.DataType;

namespace MarginNet.Graph.Operations;

/// <summary>
/// Another type for the same numbers. Real ones are in the network's own precision here, so between those nothing is done; what depends on
/// the images stays real.
/// </summary>
internal static class Cast
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, type) = (node.Input(0), (Type)node.Integer("to"));
        var isReal = type switch
        {
            Type.Float or Type.Double or Type.Float16 or Type.Bfloat16 => true,
            Type.Bool or Type.Int8 or Type.Int16 or Type.Int32 or Type.Int64 => false,
            Type.Uint8 or Type.Uint16 or Type.Uint32 or Type.Uint64 => false,
            _ => throw new InvalidDataException($"Its type is {type}: expected real numbers, integers or bool."),
        };
        return x.Constant is { } constant ? [graph.Constant(node.Name, Converted(constant, isReal, type == Type.Bool))]
            : isReal ? [x]
            : type == Type.Bool ? [graph.Add(node.Name, new Not(), graph.Add($"{node.Name}/not", new Not(), x))]
            : throw new InvalidDataException($"It makes {type} of what depends on the images, which has no gradient.");
    }

    private static Tensor Converted(Tensor value, bool isReal, bool isBool) =>
        isReal ? value.to(ScalarType.Float32)
        : isBool ? value.to(ScalarType.Bool).to(ScalarType.Int64)
        : value.to(ScalarType.Int64);
}

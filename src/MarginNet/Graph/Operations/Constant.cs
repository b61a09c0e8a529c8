using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>A tensor in a node of its own.</summary>
internal static class Constant
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => [graph.Constant(node.Name, Value(node))];

    private static Tensor Value(OnnxNode node) =>
        node.Tensor("value") is { } value ? OnnxTensor.Read(value)
        : node.Has("value_float") ? tensor((float)node.Number("value_float"))
        : node.Has("value_int") ? tensor(node.Integer("value_int"))
        : node.Numbers("value_floats") is { } numbers ? tensor(numbers)
        : node.Integers("value_ints") is { } integers ? tensor(integers)
        : throw new InvalidDataException("Its value is no tensor of numbers.");
}

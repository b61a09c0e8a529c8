using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>One number, by default 0, in every place of a shape: an <see cref="Expand"/> of it.</summary>
internal static class ConstantOfShape
{
    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var shape = new ValueShape(OnnxNode.KnownSizes(node.Input(0)));
        var value = node.Tensor("value") is { } one ? OnnxTensor.Read(one) : tensor(0f);
        return value.numel() == 1
            ? [Expand.To(node.Name, graph, graph.Constant($"{node.Name}/value", value.reshape()), shape)]
            : throw new InvalidDataException($"Its value has {value.numel()} numbers: expected one.");
    }
}

using System.Collections.Frozen;
using MarginNet.Graph.Operations;

namespace MarginNet.Graph.Onnx;

/// <summary>Makes values of a node of an ONNX file, one for each of its outputs.</summary>
internal delegate Operand[] OnnxOperator(OnnxNode node, GraphBuilder graph);

/// <summary>The operators of ONNX that are known. A new one is a line here and a file of its own.</summary>
internal static class OnnxOperators
{
    private static readonly FrozenDictionary<string, OnnxOperator> Known = new Dictionary<string, OnnxOperator>
    {
        ["Add"] = Add.Read,
        ["AveragePool"] = AveragePool.Read,
        ["BatchNormalization"] = BatchNormalization.Read,
        ["Concat"] = Concat.Read,
        ["Conv"] = Convolution.Read,
        ["ConvTranspose"] = ConvTranspose.Read,
        ["Flatten"] = Flatten.Read,
        ["Gemm"] = Gemm.Read,
        ["GlobalAveragePool"] = GlobalAveragePool.Read,
        ["GlobalMaxPool"] = GlobalMaxPool.Read,
        ["Identity"] = Identity.Read,
        ["MatMul"] = MatMul.Read,
        ["MaxPool"] = MaxPool.Read,
        ["Pad"] = Pad.Read,
        ["Relu"] = Relu.Read,
        ["Reshape"] = Reshape.Read,
        ["Slice"] = Slice.Read,
        ["Transpose"] = Transpose.Read,
    }.ToFrozenDictionary();

    /// <summary>The reader of an operator; null where it is not known.</summary>
    public static OnnxOperator? Find(string name) => Known.GetValueOrDefault(name);
}

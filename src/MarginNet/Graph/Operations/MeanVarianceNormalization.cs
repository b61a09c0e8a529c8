using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>(x − mean) / (√variance + ε), the mean and the variance along some axes; a chain of simpler operations.</summary>
internal static class MeanVarianceNormalization
{
    private const float Epsilon = 1e-9f; // ONNX's, beside the root.

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var x = node.Input(0);
        int[] axes = [.. (node.Integers("axes") ?? [0, 2, 3]).Select(axis => OnnxNode.Axis(axis, x.Shape.Rank)).Distinct().Order()];
        Operand Part(string part, Operation operation, params Operand[] inputs) => graph.Add($"{node.Name}/{part}", operation, inputs);
        Operand Mean(string part, Operand of) => Part(part, new ReduceMean([.. axes], KeepsAxes: true), of);

        var centred = Part("centred", new Sub(), x, Mean("mean", x));
        var deviation = Part("deviation", new Sqrt(), Mean("variance", Part("square", new Mul(), centred, centred)));
        var raised = Part("raised", new Add(), deviation, graph.Constant($"{node.Name}/epsilon", tensor(Epsilon)));
        return [graph.Add(node.Name, new Div(), centred, raised)];
    }
}

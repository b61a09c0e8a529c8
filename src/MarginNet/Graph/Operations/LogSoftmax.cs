using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>xᵢ − log Σⱼ exp(xⱼ) along an axis.</summary>
/// <param name="Axis">The axis, from 0.</param>
internal sealed record LogSoftmax(int Axis) : SoftmaxOperation(Axis)
{
    public override string Kind => "LogSoftmax";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => Read(
        node, graph, axis => new LogSoftmax(axis),
        (shifted, _, sum) => graph.Add(node.Name, new Sub(), shifted, graph.Add($"{node.Name}/log", new Log(), sum)));

    protected override Tensor Run(Tensor input) => input.log_softmax(Axis);
}

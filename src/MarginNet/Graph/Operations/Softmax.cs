using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>exp(xᵢ) / Σⱼ exp(xⱼ) along an axis.</summary>
/// <param name="Axis">The axis, from 0.</param>
internal sealed record Softmax(int Axis) : SoftmaxOperation(Axis)
{
    public override string Kind => "Softmax";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => Read(
        node, graph, axis => new Softmax(axis), (_, exponential, sum) => graph.Add(node.Name, new Div(), exponential, sum));

    protected override Tensor Run(Tensor input) => input.softmax(Axis);
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>(x − mean) / √(variance + ε) · scale + bias, the mean and the variance of each channel of each image.</summary>
/// <remarks>Inputs: x [N, C, …], scale and bias [C].</remarks>
/// <param name="Epsilon">ε.</param>
internal sealed record InstanceNormalization(double Epsilon) : Operation
{
    public override string Kind => "InstanceNormalization";

    protected override IEnumerable<(string Name, object Value)> Attributes => [("epsilon", (float)Epsilon)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) =>
        [graph.Add(node.Name, new InstanceNormalization(node.Number("epsilon", 1e-5)), node.All())];

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: >= 3 } x, var scale, var bias] && scale == new ValueShape(x[1]) && bias == scale
        && !x.Sizes.Skip(1).Any(size => size.IsPerImage)
        ? x : throw Misfit(inputs, "[N, C, ...] and twice [C]");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override Tensor Run(Tensor[] inputs, bool isTraining) =>
        nn.functional.group_norm(inputs[0], inputs[0].shape[1], inputs[1], inputs[2], Epsilon); // A channel is a group.
}

using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>(x − mean) / √(variance + ε) · scale + bias, the mean and the variance of the numbers along the last axes.</summary>
/// <remarks>Inputs: x, scale and where there is one a bias, both of the sizes of those axes.</remarks>
/// <param name="Axes">How many axes.</param>
/// <param name="Epsilon">ε.</param>
internal sealed record LayerNormalization(int Axes, double Epsilon) : Operation
{
    public override string Kind => "LayerNormalization";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var rank = node.Input(0).Shape.Rank;
        var operation = new LayerNormalization(rank - OnnxNode.Axis(node.Integer("axis", -1), rank), node.Number("epsilon", 1e-5));
        return [graph.Add(node.Name, operation, node.All())];
    }

    public override ValueShape Shape(ValueShape[] inputs) => inputs is [var x, var scale, .. var bias]
        && bias.Length <= 1 && Axes <= x.Rank && scale == new ValueShape([.. x.Sizes.Skip(x.Rank - Axes)])
        && Array.TrueForAll(bias, each => each == scale) && !scale.Sizes.Any(size => size.IsPerImage)
        ? x : throw Misfit(inputs, $"a value, and a scale and perhaps a bias of its last {Axes} sizes, without the images");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        string Apply(string operation, string part, string[] operands, params (string Name, object Value)[] attributes)
        {
            writer.Node(operation, part, operands, attributes);
            return part;
        }

        string Mean(string part, string operand) => Apply("ReduceMean", $"{name}/{part}", [operand],
            ("axes", (long[])[.. Enumerable.Range(-Axes, Axes).Select(axis => (long)axis)]), ("keepdims", 1L));

        var centred = Apply("Sub", $"{name}/centred", [inputs[0], Mean("mean", inputs[0])]);
        var variance = Mean("variance", Apply("Mul", $"{name}/square", [centred, centred]));
        var raised = Apply("Add", $"{name}/raised", [variance, writer.Constant($"{name}/epsilon", tensor((float)Epsilon))]);
        var normal = Apply("Div", $"{name}/normal", [centred, Apply("Sqrt", $"{name}/deviation", [raised])]);
        if (inputs.Length == 2)
        {
            writer.Node("Mul", name, [normal, inputs[1]]);
        }
        else
        {
            writer.Node("Add", name, [Apply("Mul", $"{name}/scaled", [normal, inputs[1]]), inputs[2]]);
        }
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining) => nn.functional.layer_norm(
        inputs[0], inputs[1].shape, inputs[1], inputs.Length > 2 ? inputs[2] : null, Epsilon);
}

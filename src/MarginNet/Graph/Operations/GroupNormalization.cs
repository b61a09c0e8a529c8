using MarginNet.Graph.Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>(x − mean) / √(variance + ε) · scale + bias, the mean and the variance of each group of channels of each image.</summary>
/// <remarks>Inputs: x [N, C, …], scale and bias [C].</remarks>
/// <param name="Groups">The groups that channels are in.</param>
/// <param name="Axes">The axes behind the channels.</param>
/// <param name="Epsilon">ε.</param>
internal sealed record GroupNormalization(long Groups, int Axes, double Epsilon) : Operation
{
    private const int ChannelSet = 21; // Before it, scale and bias were of groups.

    public override string Kind => "GroupNormalization";

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var (x, scale, bias) = (node.Input(0), node.Input(1), node.Input(2));
        var groups = node.Integer("num_groups");
        if (node.OperatorSet < ChannelSet && x.Shape.Rank > 1 && groups > 0)
        {
            (scale, bias) = (OfChannels(scale), OfChannels(bias));
        }

        return [graph.Add(node.Name, new GroupNormalization(groups, x.Shape.Rank - 2, node.Number("epsilon", 1e-5)), x, scale, bias)];

        Operand OfChannels(Operand ofGroups) => ofGroups is { Constant: { } constant, Shape: { Rank: 1 } shape } && shape.At(1)[0] == groups
            ? graph.Constant(ofGroups.Name, constant.repeat_interleave(x.Shape[1].Count / groups))
            : throw new InvalidDataException($"Its scale or bias is {ofGroups.Shape}: expected constants [{groups}].");
    }

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: >= 2 } x, var scale, var bias] && scale == new ValueShape(x[1]) && bias == scale
        && !x.Sizes.Skip(1).Any(size => size.IsPerImage) && Groups > 0 && x[1].Count % Groups == 0
        ? x : throw Misfit(inputs, $"[N, C, ...] and twice [C], C a multiple of {Groups}");

    public override ParameterRole Role(int input) => input > 0 ? ParameterRole.Weight : ParameterRole.Constant;

    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        string Reshaped(string part, string operand, params long[] shape)
        {
            writer.Node("Reshape", $"{name}/{part}", [operand, writer.Constant($"{name}/{part}/shape", tensor(shape))]);
            return $"{name}/{part}";
        }

        long[] channels = [-1, .. Enumerable.Repeat(1L, Axes)];
        writer.Node("InstanceNormalization", $"{name}/normal",
            [
                Reshaped("grouped", inputs[0], 0, Groups, -1), writer.Constant($"{name}/ones", ones(Groups)),
                writer.Constant($"{name}/zeros", zeros(Groups)),
            ],
            ("epsilon", (float)Epsilon));
        writer.Node("Shape", $"{name}/shape", [inputs[0]]);
        writer.Node("Reshape", $"{name}/back", [$"{name}/normal", $"{name}/shape"]);
        writer.Node("Mul", $"{name}/scaled", [$"{name}/back", Reshaped("scale", inputs[1], channels)]);
        writer.Node("Add", name, [$"{name}/scaled", Reshaped("bias", inputs[2], channels)]);
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining) =>
        nn.functional.group_norm(inputs[0], Groups, inputs[1], inputs[2], Epsilon);
}

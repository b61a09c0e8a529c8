using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>(x − mean) / √(variance + ε) · scale + bias, channel by channel; in training of each batch's own mean and variance.</summary>
/// <remarks>Inputs: x [N, C, …], scale, bias, mean and variance [C].</remarks>
/// <param name="Epsilon">ε.</param>
/// <param name="Momentum">The share of each batch in the running statistics. Default null: 0.1, which is PyTorch's.</param>
internal sealed record BatchNormalization(double Epsilon, double? Momentum = null) : Operation
{
    private const double DefaultMomentum = 0.1;

    public override string Kind => "BatchNormalization";

    public override bool IsAffine(LayerNode node) => node.HasOneInput(0);

    protected override IEnumerable<(string Name, object Value)> Attributes => [("epsilon", (float)Epsilon)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph) => node.Integer("training_mode", 0) == 0 && node.OutputCount == 1
        ? [graph.Add(node.Name, new BatchNormalization(node.Number("epsilon", 1e-5)), [.. node.All()])]
        : throw new InvalidDataException("It is in training mode: export the network after model.eval().");

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: >= 2 } x, var scale, var bias, var mean, var variance]
        && scale == new ValueShape(x[1]) && (bias, mean, variance) == (scale, scale, scale)
            ? x : throw Misfit(inputs, "[N, C, ...] and four times [C]");

    public override ParameterRole Role(int input) =>
        input switch { 1 or 2 => ParameterRole.Weight, 3 or 4 => ParameterRole.Statistic, _ => ParameterRole.Constant };

    public override Tensor Absolute(LayerNode node, Tensor[] data)
    {
        var (weight, shift, mean) = (node.Stored(1).abs(), node.Stored(2).abs(), node.Stored(3).abs());
        return Run([data[0], weight, shift, -mean, node.Stored(4)], isTraining: false);
    }

    public override long Terms(LayerNode node) => 8; // Of a root, a quotient and two products and sums.

    public override IReadOnlyList<Layer>? Layers(LayerNode node)
    {
        var (weight, shift, mean) = (node.Weight(1), node.Weight(2), node.Weight(3));
        var factors = node.Take(node.Weight(4) + Epsilon).rsqrt();
        return ScaleFolding.KeepsDigits(weight, factors)
            ? [Scale(weight * factors) with { Mean = mean, Shift = shift, LargestStep = factors.max().ToDouble() }]
            // Nothing is certified where one number cannot hold their product.
            : [Scale(factors) with { Mean = mean, LargestStep = double.PositiveInfinity }, Scale(weight) with { Shift = shift }];

        ChannelScaleLayer Scale(Tensor values) => ChannelScaleLayer.Of(node.Name, node.Take(values));
    }

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        if (!isTraining && (inputs[3].requires_grad || inputs[4].requires_grad))
        {
            // LibTorch has no gradients in the statistics.
            Tensor PerChannel(Tensor x) => x.reshape([-1, .. inputs[0].shape.Skip(2).Select(_ => 1L)]);
            var scale = inputs[1] * inputs[4].Plus(Epsilon).rsqrt();
            return (inputs[0] * PerChannel(scale)).Plus(PerChannel(inputs[2] - (inputs[3] * scale)));
        }

        return nn.functional.batch_norm(inputs[0], inputs[3], inputs[4], inputs[1], inputs[2], isTraining, Momentum ?? DefaultMomentum, Epsilon);
    }
}

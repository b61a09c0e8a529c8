using MarginNet.Graph.Onnx;
using MarginNet.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>x / (bias + α/size · Σ x²)^β, the sum over the channels around each one.</summary>
/// <remarks>Input: x [N, C, …].</remarks>
/// <param name="Size">The channels in a sum; of an even number, one more behind than before.</param>
/// <param name="Alpha">α.</param>
/// <param name="Beta">β.</param>
/// <param name="Bias">The bias.</param>
internal sealed record LocalResponseNormalization(long Size, double Alpha, double Beta, double Bias) : Operation
{
    public override string Kind => "LRN";

    protected override IEnumerable<(string Name, object Value)> Attributes =>
        [("size", Size), ("alpha", (float)Alpha), ("beta", (float)Beta), ("bias", (float)Bias)];

    public static Operand[] Read(OnnxNode node, GraphBuilder graph)
    {
        var size = node.Integer("size");
        var operation = new LocalResponseNormalization(
            size, node.Number("alpha", 1e-4), node.Number("beta", 0.75), node.Number("bias", 1));
        return size > 0 ? [graph.Add(node.Name, operation, node.Input(0))]
            : throw new InvalidDataException($"Its attribute 'size' is {size}: expected 1 or more.");
    }

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: >= 2 } x] && !x[1].IsPerImage && x[1].Count > 0 ? x : throw Misfit(inputs, "[N, C, ...]");

    public override Tensor Run(Tensor[] inputs, bool isTraining)
    {
        var (x, channels) = (inputs[0], inputs[0].shape[1]);
        var (before, after) = (Math.Min((Size - 1) / 2, channels - 1), Math.Min(Size / 2, channels - 1));
        var window = before + 1 + after;
        var squares = (x * x).reshape(x.shape[0], 1, channels, -1);
        var means = nn.functional.avg_pool2d(nn.functional.pad(squares, [0, 0, before, after]), [window, 1], stride: [1, 1]);
        using var weight = (Alpha * window / Size).ToScalar();
        using var bias = Bias.ToScalar();
        return x / means.reshape(x.shape).mul(weight).add(bias).Power(Beta);
    }
}

using MarginNet.Bounds;
using MarginNet.Graph.Onnx;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>Squares of pixels into channels, as PyTorch orders them; ONNX's SpaceToDepth has another order.</summary>
/// <param name="Side">Pixels to a side.</param>
/// <param name="Channels">Channels of its input.</param>
internal sealed record PixelUnshuffle(long Side, long Channels) : Operation
{
    public override string Kind => nameof(PixelUnshuffle);

    public override bool IsAffine(LayerNode node) => true;

    protected override IEnumerable<(string Name, object Value)> Attributes => [("side", Side)];

    public override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: 4 } x] && x[1] == Channels && x.Sizes.Skip(2).All(size => !size.IsPerImage && size.Count % Side == 0)
            ? new(x[0], Channels * Side * Side, x[2].Count / Side, x[3].Count / Side)
            : throw Misfit(inputs, $"[N, {Channels}, H, W] with H and W multiples of {Side}");

    public override Tensor Run(Tensor[] inputs, bool isTraining) => F.pixel_unshuffle(inputs[0], Side);

    public override IReadOnlyList<Layer>? Layers(LayerNode node) => Rearrangement.Layers(node);

    /// <summary>A convolution of zeros and ones.</summary>
    public override void Write(OnnxWriter writer, string name, string[] inputs)
    {
        using var scope = NewDisposeScope();
        var outputs = Channels * Side * Side;
        var kernel = writer.Constant($"{name}.kernel", eye(outputs).reshape(outputs, Channels, Side, Side));
        long[] square = [Side, Side];
        writer.Node("Conv", name, [.. inputs, kernel], ("kernel_shape", square), ("strides", square));
    }
}

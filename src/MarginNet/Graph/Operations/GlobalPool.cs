using static TorchSharp.torch;

namespace MarginNet.Graph.Operations;

/// <summary>One number for each channel, of all axes behind it, which stay with size 1.</summary>
/// <remarks>Input: x [N, C, ...].</remarks>
internal abstract record GlobalPool : Operation
{
    public sealed override ValueShape Shape(ValueShape[] inputs) =>
        inputs is [{ Rank: > 2 } x] && x.Sizes.Skip(2).All(size => size is { IsPerImage: false, Count: > 0 })
            ? new([x[0], x[1], .. Enumerable.Repeat(new Dimension(1), x.Rank - 2)])
            : throw Misfit(inputs, "[N, C, ...]");

    public sealed override Tensor Run(Tensor[] inputs, bool isTraining) =>
        Run(inputs[0], [.. Enumerable.Range(2, (int)inputs[0].dim() - 2)]);

    protected abstract Tensor Run(Tensor x, long[] axes);
}

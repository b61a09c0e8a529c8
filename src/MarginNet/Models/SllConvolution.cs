using MarginNet.Native;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>The residual layer of 3×3 convolutions.</summary>
/// <param name="channels">Channels of its input and output.</param>
/// <param name="hidden">Channels inside.</param>
internal sealed class SllConvolution(int channels, int hidden) : SllResidual(nameof(SllConvolution), hidden, channels, Side, Side)
{
    private const int Side = 3;
    private const int Padding = Side / 2;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        if (!training)
        {
            var hidden = F.relu(BlockedSums.Convolve(input, Weight, Padding).add_(Bias.reshape(-1, 1, 1)), inplace: true);
            return (input - BlockedSums.Convolve(hidden, Back().flip(2, 3).transpose(0, 1), Padding)).MoveToOuterDisposeScope();
        }

        var inner = F.relu(F.conv2d(input, Weight, Bias, padding: [Padding, Padding]), inplace: true);
        // The transposed convolution as a plain one, whose kernels are right on more processors.
        var back = Back().transpose(0, 1).flip(2, 3);
        return (input - F.conv2d(inner, back, padding: [Padding, Padding])).MoveToOuterDisposeScope();
    }

    /// <summary>The correlations of the kernels at every shift are the entries of WWᵀ, away from the border.</summary>
    protected override Tensor RowSums(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return F.conv2d(MemoryOrder.ChannelsLast(weight), weight, padding: [Side - 1, Side - 1])
            .abs()
            .sum([1, 2, 3])
            .MoveToOuterDisposeScope();
    }
}

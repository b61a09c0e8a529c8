using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// Linear layers whose long sums are formed in blocks, and those added along a balanced tree: what rounding may come to in any order
/// of summation grows with the length of a sum, and comes off every certified radius.
/// </summary>
internal static class BlockedSums
{
    /// <summary>Channels in a block of a convolution, times the taps of its kernel: fewer cost time.</summary>
    public const int Channels = 8;

    /// <summary>Numbers in a block of a dense layer.</summary>
    public const int Features = 64;

    /// <summary>Computes x * W for images x, shape [N, in, H, W], and a kernel W, shape [out, in, h, w]; the caller disposes it.</summary>
    public static Tensor Convolve(Tensor input, Tensor weight, long padding)
    {
        var (channels, blocks) = (weight.shape[1], (weight.shape[1] + Channels - 1) / Channels);
        if (blocks == 1)
        {
            return F.conv2d(input, weight, padding: [padding, padding]);
        }

        using var scope = NewDisposeScope();
        var first = blocks / 2 * Channels;
        var sum = Convolve(input.narrow(1, 0, first), weight.narrow(1, 0, first), padding);
        return sum.add_(Convolve(input.narrow(1, first, channels - first), weight.narrow(1, first, channels - first), padding)).MoveToOuterDisposeScope();
    }

    /// <summary>Computes xWᵀ for vectors x, shape [N, in], and a matrix W, shape [out, in]; the caller disposes it.</summary>
    public static Tensor Multiply(Tensor input, Tensor weight)
    {
        using var scope = NewDisposeScope();
        var blocks = (weight.shape[1] + Features - 1) / Features;
        var missing = (blocks * Features) - weight.shape[1];
        var (left, right) = missing == 0 ? (input, weight) : (F.pad(input, [0, missing]), F.pad(weight, [0, missing]));
        var sums = left.reshape(-1, blocks, Features).transpose(0, 1).bmm(right.reshape(-1, blocks, Features).permute(1, 2, 0));
        return Sum(sums).MoveToOuterDisposeScope();
    }

    /// <summary>Σ over the first axis.</summary>
    private static Tensor Sum(Tensor blocks)
    {
        while (blocks.shape[0] > 1)
        {
            var (half, all) = (blocks.shape[0] / 2, blocks.shape[0]);
            var sums = blocks.narrow(0, 0, half) + blocks.narrow(0, half, half);
            blocks = all == 2 * half ? sums : cat([sums, blocks.narrow(0, all - 1, 1)]);
        }

        return blocks.squeeze(0);
    }
}

using MarginNet.Bounds;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Graph.Operations;

/// <summary>
/// Convolutions whose long sums are formed in blocks of a few channels, and those added along a balanced tree: what rounding may come to
/// in any order of summation grows with the length of a sum, and comes off every certified radius.
/// </summary>
internal static class BlockedSums
{
    /// <summary>Channels in a block: fewer cost time, more cost radius.</summary>
    public const int Channels = 4;

    /// <summary>How the sums are formed.</summary>
    /// <param name="channels">Channels of the images.</param>
    /// <param name="taps">Pixels that a kernel covers.</param>
    public static SumOrder Order(long channels, long taps) => SumOrder.InBlocks(channels * taps, Channels * taps);

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
        return sum.add_(Convolve(input.narrow(1, first, channels - first), weight.narrow(1, first, channels - first), padding))
            .MoveToOuterDisposeScope();
    }
}

using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>How the numbers of images lie in memory.</summary>
internal static class MemoryOrder
{
    /// <summary>Whether the numbers of a pixel stand side by side.</summary>
    public static bool IsChannelsLast(Tensor images) => images.dim() == 4 && images.stride()[1] == 1;

    /// <summary>The same images [N, C, H, W] with the numbers of a pixel side by side: convolutions are faster so,
    /// and keep the order.</summary>
    /// <returns>A tensor of the same shape, the same one where it is in that order; the caller disposes it.</returns>
    public static Tensor ChannelsLast(Tensor images) => images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}

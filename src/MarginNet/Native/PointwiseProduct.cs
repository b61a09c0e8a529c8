using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Native;

/// <summary>
/// A 1×1 convolution with a stride as what it is, a product of matrices: oneDNN's convolution of this kind writes past its memory
/// in the backward pass of few channels, and is wrong in the forward pass of many on processors that hide their caches.
/// </summary>
internal static class PointwiseProduct
{
    /// <summary>Convolves images [N, in, H, W] with a kernel [out, in, 1, 1]; the caller disposes the result.</summary>
    public static Tensor Convolve(Tensor input, Tensor weight, (int Vertical, int Horizontal) stride)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (TensorIndex.Slice(step: stride.Vertical), TensorIndex.Slice(step: stride.Horizontal));
        var pixels = input.permute(0, 2, 3, 1)[TensorIndex.Colon, rows, columns];
        return F.linear(pixels, weight.flatten(1)).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}

using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Models;

/// <summary>
/// A 1×1 convolution without bias that takes every s-th pixel: as what it is, a product of matrices.
/// oneDNN's convolution of this kind writes past its memory in the backward pass of few channels,
/// and is wrong in the forward pass of many on processors that hide their caches.
/// </summary>
internal sealed class PointwiseConvolution : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <summary>Makes the layer with the fresh weights of torch's convolutions, from its global generator.</summary>
    /// <param name="inChannels">Channels of its input.</param>
    /// <param name="outChannels">Channels of its output.</param>
    /// <param name="stride">The step between the pixels taken, in both directions.</param>
    public PointwiseConvolution(int inChannels, int outChannels, int stride)
        : base(nameof(PointwiseConvolution))
    {
        Stride = stride;
        weight = nn.Parameter(empty(outChannels, inChannels, 1, 1));
        nn.init.kaiming_uniform_(weight, a: Math.Sqrt(5));
        RegisterComponents();
    }

    /// <summary>The step between the pixels taken.</summary>
    public int Stride { get; }

    /// <summary>Shape [out, in, 1, 1], as a convolution's.</summary>
    public Parameter Weight => weight;

    public override Tensor forward(Tensor input) => Convolve(input, weight, (Stride, Stride));

    /// <summary>Convolves images [N, in, H, W] with a kernel [out, in, 1, 1]; the caller disposes the result.</summary>
    public static Tensor Convolve(Tensor input, Tensor weight, (int Vertical, int Horizontal) stride)
    {
        using var scope = NewDisposeScope();
        var pixels =
            input.permute(0, 2, 3, 1)[TensorIndex.Colon, TensorIndex.Slice(step: stride.Vertical), TensorIndex.Slice(step: stride.Horizontal)];
        // Without gaps, for LibTorch's product in bfloat16 is many times slower over them; the bytes are the same.
        return F.linear(pixels.contiguous(), weight.flatten(1)).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }
}

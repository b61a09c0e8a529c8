using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Native;

/// <summary>A small convolution of random numbers, whose kernels can be compared with float64.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Images">Images N.</param>
/// <param name="Channels">Channels in and out.</param>
/// <param name="Kernel">Side of the kernel.</param>
/// <param name="Size">Height and width of the images.</param>
internal sealed record ConvolutionCase(string Kind, int Images, (int In, int Out) Channels, int Kernel, int Size)
{
    /// <summary>Default 1.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Default 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Whether the numbers of a pixel stand together in memory. Default false.</summary>
    public bool IsChannelsLast { get; init; }

    /// <summary>Default false.</summary>
    public bool IsTransposed { get; init; }

    /// <summary>Whether the gradients are compared as well. Default true.</summary>
    public bool HasGradients { get; init; } = true;

    /// <summary>The largest difference of the output and of the gradients of input and kernel from float64,
    /// as a share of the largest number there; +∞ where one is NaN.</summary>
    /// <param name="convolve">Convolves an input with a kernel; null for LibTorch as it is.</param>
    public double Error(Func<ConvolutionCase, Tensor, Tensor, Tensor>? convolve = null)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator((ulong)GetHashCodeOfShape());
        var input = randn([Images, Channels.In, Size, Size], generator: generator);
        var kernel = randn(
            IsTransposed ? [Channels.In, Channels.Out, Kernel, Kernel] : [Channels.Out, Channels.In / Groups, Kernel, Kernel],
            generator: generator);
        Tensor[] exact = Compute(input.to(ScalarType.Float64), kernel.to(ScalarType.Float64), (it, x, w) => it.Convolve(x, w));
        Tensor[] found =
            Compute(IsChannelsLast ? MemoryOrder.ChannelsLast(input) : input, kernel, convolve ?? ((it, x, w) => it.Convolve(x, w)));
        return exact.Zip(found, Difference).Max();
    }

    /// <summary>The largest difference as a share of the largest number; +∞ where one is NaN.</summary>
    public static double Difference(Tensor expected, Tensor found)
    {
        using var scope = NewDisposeScope();
        var (scale, difference) = (expected.abs()
            .max()
            .to(ScalarType.Float64)
            .item<double>(), (found.to(ScalarType.Float64) - expected.to(ScalarType.Float64)).abs().max().item<double>());
        return difference == 0 ? 0 : double.IsNaN(difference / scale) ? double.PositiveInfinity : difference / scale;
    }

    private Tensor[] Compute(Tensor input, Tensor kernel, Func<ConvolutionCase, Tensor, Tensor, Tensor> convolve)
    {
        if (!HasGradients)
        {
            using var inference = no_grad();
            return [convolve(this, input, kernel)];
        }

        using var gradients = enable_grad();
        var (x, w) = (input.detach().requires_grad_(), kernel.detach().requires_grad_());
        var output = convolve(this, x, w);
        // Any weights do, if both computations have them alike.
        autograd.backward([(output * output.detach().cos()).sum()], inputs: [x, w]);
        return [output.detach(), x.grad!, w.grad!];
    }

    private Tensor Convolve(Tensor input, Tensor kernel)
    {
        long[] padding = [Kernel / 2, Kernel / 2];
        return IsTransposed
            ? F.conv_transpose2d(input, kernel, strides: [Stride, Stride], padding: padding)
            : F.conv2d(input, kernel, strides: [Stride, Stride], padding: padding, groups: Groups);
    }

    private int GetHashCodeOfShape() => (((((Channels.In * 31) + Channels.Out) * 31) + Kernel) * 31) + Size;
}

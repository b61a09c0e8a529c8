using static TorchSharp.torch;

namespace MarginNet.Bounds;

/// <summary>Upper bounds of the ℓ2 operator norms of linear layers, sound in floating point.</summary>
internal static class OperatorNorm
{
    /// <summary>Bounds ‖W‖₂ by Gram iteration, to within a share of 1e-6 or so.</summary>
    /// <param name="weight">The matrix W, shape [out, in], any floating type, finite.</param>
    /// <exception cref="ArgumentException"><paramref name="weight"/> is no matrix, is empty,
    /// or has an entry that is NaN or infinite.</exception>
    public static UpperBound Dense(Tensor weight)
    {
        ThrowIfNot(weight, 2, "[out, in]");
        using var scope = NewDisposeScope();
        return new BoundedMatrix(Precise(weight), 0).Norm();
    }

    /// <summary>
    /// Bounds the norm of the linear map that a zero-padded convolution is at its input size: the smallest of the largest norm
    /// over the frequencies of a circular grid that is large enough, where columns are short of that over the frequencies of rows
    /// alone, and, where it is small, of the map as an explicit matrix.
    /// </summary>
    /// <param name="weight">The kernel, shape [out, in/groups, height, width], any floating type, finite.</param>
    /// <param name="geometry">The size of the input, and stride, padding, dilation and groups.</param>
    /// <exception cref="ArgumentException">A shape or size is not possible, or an entry is NaN or infinite.</exception>
    public static UpperBound Convolution(Tensor weight, ConvolutionGeometry geometry)
    {
        ThrowIfNot(weight, 4, "[out, in/groups, height, width]");
        int[] steps =
        [
            geometry.Height,
            geometry.Width,
            geometry.Stride.Vertical,
            geometry.Stride.Horizontal,
            geometry.Dilation.Vertical,
            geometry.Dilation.Horizontal,
            geometry.Groups,
        ];
        if (steps.Any(value => value < 1) || geometry.Padding.Vertical < 0 || geometry.Padding.Horizontal < 0
            || weight.shape[0] % geometry.Groups != 0)
        {
            throw new ArgumentException(
                $"No convolution of a kernel [{string.Join(", ", weight.shape)}] has {geometry}.", nameof(geometry));
        }

        using var scope = NewDisposeScope();
        return Convolution(new ConvolutionKernel(Precise(weight), 0, geometry)).Bound;
    }

    /// <summary>The smallest sound bound, and what it came from.</summary>
    internal static (UpperBound Bound, string Method) Convolution(ConvolutionKernel kernel)
    {
        var frequencies = kernel.FrequencyNorm();
        if (kernel.Matrix() is { } matrix)
        {
            return matrix.Norm() is var exact && exact < frequencies ? (exact, "matrix") : (frequencies, "frequencies");
        }

        return kernel.RowNorm() is { } rows && rows < frequencies ? (rows, "frequencies of rows") : (frequencies, "frequencies");
    }

    internal static Tensor Precise(Tensor weight) => weight.detach().to(ScalarType.Float64).cpu().contiguous();

    private static void ThrowIfNot(Tensor weight, int dimensions, string shape)
    {
        if (weight.dim() != dimensions || weight.numel() == 0)
        {
            throw new ArgumentException(
                $"Expected weights of shape {shape}, none of them empty, but got [{string.Join(", ", weight.shape)}].", nameof(weight));
        }

        using var scope = NewDisposeScope();
        if (!weight.detach().isfinite().all().item<bool>())
        {
            throw new ArgumentException("A weight is NaN or infinite: such a layer has no norm.", nameof(weight));
        }
    }
}

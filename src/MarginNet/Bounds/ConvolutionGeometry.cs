namespace MarginNet.Bounds;

/// <summary>Where a two-dimensional convolution is applied: the size of its input, and how the kernel steps over it.
/// Padding is by zeros.</summary>
/// <param name="Height">Rows of the input.</param>
/// <param name="Width">Columns of the input.</param>
internal sealed record ConvolutionGeometry(int Height, int Width)
{
    /// <summary>Steps along rows and columns, at least 1. Default 1.</summary>
    public (int Vertical, int Horizontal) Stride { get; init; } = (1, 1);

    /// <summary>Zeros before the first row and column, at least 0. Default none.</summary>
    public (int Vertical, int Horizontal) Padding { get; init; } = (0, 0);

    /// <summary>Zeros behind the last; null for as many as before. Default null.</summary>
    public (int Vertical, int Horizontal)? PaddingBehind { get; init; }

    /// <summary>Distance between the taps of the kernel, at least 1. Default 1.</summary>
    public (int Vertical, int Horizontal) Dilation { get; init; } = (1, 1);

    /// <summary>Groups of channels that do not mix. Default 1.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Rows and columns of the output.</summary>
    /// <param name="kernelHeight">Rows of the kernel.</param>
    /// <param name="kernelWidth">Columns of the kernel.</param>
    public (int Height, int Width) Output(int kernelHeight, int kernelWidth) =>
        (Along(Height + Padding.Vertical + (PaddingBehind ?? Padding).Vertical, kernelHeight, Stride.Vertical, Dilation.Vertical),
            Along(Width + Padding.Horizontal + (PaddingBehind ?? Padding).Horizontal, kernelWidth, Stride.Horizontal, Dilation.Horizontal));

    private static int Along(int length, int kernel, int stride, int dilation)
    {
        var room = length - (dilation * (kernel - 1)) - 1;
        return room < 0 ? 0 : (room / stride) + 1;
    }
}

namespace MarginNet.Models;

/// <summary>What a <see cref="ConvNet"/> is made of.</summary>
public sealed record ConvNetOptions : ClassifierOptions
{
    /// <summary>Channels of the first two convolutions, at least 1; the others have twice as many. Default 32.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Height and width of its images in pixels, multiples of <see cref="ConvNet.SizeFactor"/>. Default 32×32.</summary>
    public (int Height, int Width) ImageSize { get; init; } = (32, 32);

    /// <inheritdoc/>
    internal override long KernelWeights =>
        // 4×4 from the images' channels, 3×3, 4×4 to twice the channels, 3×3; the dense layers.
        (16 * Channels * Width) + ((9 + 32 + 36) * (long)Width * Width)
        + (ConvNet.HiddenUnits * (ConvNet.Features(this) + ClassCount));
}

namespace MarginNet.Models;

/// <summary>What an <see cref="OrthogonalNet"/> is made of.</summary>
public sealed record OrthogonalNetOptions : ClassifierOptions
{
    /// <summary>Channels at half the images' size, at least 1; those of the images times 4 where that is more. Default 64.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Height and width of its images in pixels, multiples of <see cref="OrthogonalNet.SizeFactor"/>. Default 32×32.</summary>
    public (int Height, int Width) ImageSize { get; init; } = (32, 32);

    /// <inheritdoc/>
    internal override long KernelWeights => OrthogonalNet.Weights(this);
}

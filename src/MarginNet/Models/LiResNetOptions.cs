namespace MarginNet.Models;

/// <summary>What a <see cref="LiResNet"/> is made of.</summary>
public sealed record LiResNetOptions : ClassifierOptions
{
    /// <summary>Channels at half the images' size, at least 1; those of the images times 4 where that is more. Default 32.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Height and width of its images in pixels, multiples of <see cref="LiResNet.SizeFactor"/>. Default 32×32.</summary>
    public (int Height, int Width) ImageSize { get; init; } = (32, 32);

    /// <inheritdoc/>
    internal override long KernelWeights => LiResNet.Weights(this);
}

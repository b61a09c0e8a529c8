namespace MarginNet.Models;

/// <summary>What a <see cref="LipNet"/> is made of.</summary>
public sealed record LipNetOptions : ClassifierOptions
{
    /// <summary>Channels of the first stage, at least 1; those of the images times 4 where that is more. Default 32.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Height and width of its images in pixels, multiples of <see cref="LipNet.SizeFactor"/>. Default 32×32.</summary>
    public (int Height, int Width) ImageSize { get; init; } = (32, 32);

    /// <inheritdoc/>
    // One layer of c to c channels, two of 4c to 2c, the dense ones.
    internal override long KernelWeights =>
        (9 * (1 + 16) * LipNet.Channels(this) * (long)LipNet.Channels(this)) + ((LipNet.HiddenUnits + ClassCount) * LipNet.Features(this));
}

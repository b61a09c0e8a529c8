namespace MarginNet.Models;

/// <summary>What a <see cref="ResNet18"/> is made of.</summary>
public sealed record ResNetOptions : ClassifierOptions
{
    /// <summary>Channels of the first stage; the later ones have 2, 4 and 8 times as many. Default 64; 16 or 32 suit a CPU.</summary>
    public int Width { get; init; } = 64;

    /// <summary>What comes before the first stage. Default <see cref="ResNetStem.Small"/>, for images of about 32×32 pixels.</summary>
    public ResNetStem Stem { get; init; }

    /// <inheritdoc/>
    // The stem, the stages with 36, 128, 512 and 2048, the last layer.
    internal override long KernelWeights => (9 * Channels * Width) + (2724L * Width * Width) + (8L * Width * ClassCount);
}

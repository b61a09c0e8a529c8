namespace MarginNet.Models;

/// <summary>What a <see cref="FastNet"/> is made of.</summary>
public sealed record FastNetOptions : ClassifierOptions
{
    /// <summary>Channels of the first block, at least 1. Default 64.</summary>
    public int Width { get; init; } = 64;

    /// <inheritdoc/>
    internal override long KernelWeights =>
        // Whitening, the first convolution, the other five, the last layer.
        (4 * Channels * WhitenedChannels) + (9 * WhitenedChannels * Width) + (135L * Width * Width) + (2L * Width * ClassCount);

    private long WhitenedChannels => WhiteningLayer.OutChannels((int)Channels);
}

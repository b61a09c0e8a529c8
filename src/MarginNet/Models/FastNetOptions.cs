namespace MarginNet.Models;

/// <summary>What a <see cref="FastNet"/> is made of.</summary>
public sealed record FastNetOptions : ClassifierOptions
{
    /// <summary>Channels of the first block, at least 1. Default 64.</summary>
    public int Width { get; init; } = 64;
}

namespace MarginNet.Models;

/// <summary>What a <see cref="ResNet18"/> is made of.</summary>
public sealed record ResNetOptions
{
    /// <summary>Channels of the first stage; the later ones have 2, 4 and 8 times as many. Default 64; 16 or 32 suit a CPU.</summary>
    public int Width { get; init; } = 64;

    /// <summary>The number of classes C, at least 2. Default 10.</summary>
    public int ClassCount { get; init; } = 10;

    /// <summary>Whether a ReLU follows the last layer, so that scores are ≥ 0 (condition (1)). Default false, as in section IV.</summary>
    public bool Rectify { get; init; }

    /// <summary>The normalisation of the input pixels in [0, 1]; its length is the number of input channels. Default CIFAR-10's.</summary>
    public ChannelNormalization Normalization { get; init; } = ChannelNormalization.Cifar10;
}

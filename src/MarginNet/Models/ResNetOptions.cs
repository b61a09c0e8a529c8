using MarginNet.Data;

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

    /// <summary>
    /// The mean and deviation of each input channel, which the network subtracts and divides by; a deviation of 0 counts as 1.
    /// Its length is the number of channels. Default: CIFAR-10's training images.
    /// </summary>
    public ChannelStatistics Normalization { get; init; } = new([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]);
}

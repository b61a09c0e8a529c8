using MarginNet.Data;

namespace MarginNet.Models;

/// <summary>What all networks of this library have in common.</summary>
public abstract record ClassifierOptions
{
    private protected ClassifierOptions()
    {
    }

    /// <summary>The number of classes C, at least 2. Default 10.</summary>
    public int ClassCount { get; init; } = 10;

    /// <summary>Whether a ReLU follows the last layer, so that scores are ≥ 0 (condition (1)). Default false, as in section IV.</summary>
    public bool Rectify { get; init; }

    /// <summary>
    /// A constant factor of the scores, above 0. Default 1. A fresh network's scores are of order 1, and to reach margins of
    /// μ = 50 its weights would have to grow for many epochs; with a factor of μ's order they need not.
    /// </summary>
    public double OutputScale { get; init; } = 1;

    /// <summary>
    /// The mean and deviation of each input channel, which the network subtracts and divides by; a deviation of 0 counts as 1.
    /// Its length is the number of channels. Default: CIFAR-10's training images.
    /// </summary>
    public ChannelStatistics Normalization { get; init; } = new([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]);

    /// <summary>
    /// The number of weights of the convolutions and linear layers. A file that claims a network without having as many is refused
    /// before the network is made, whose size goes with the square of a width that a small file may state.
    /// </summary>
    internal abstract long KernelWeights { get; }

    /// <summary>The number of channels of the images.</summary>
    private protected long Channels => Normalization.Mean.Length;
}

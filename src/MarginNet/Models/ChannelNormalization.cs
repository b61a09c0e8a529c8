using System.Collections.Immutable;

namespace MarginNet.Models;

/// <summary>The normalisation (x − mean) / deviation of each input channel, applied to pixels in [0, 1].</summary>
/// <param name="Mean">The mean of each channel.</param>
/// <param name="Deviation">The standard deviation of each channel, positive.</param>
public sealed record ChannelNormalization(ImmutableArray<double> Mean, ImmutableArray<double> Deviation)
{
    /// <summary>The statistics of CIFAR-10's training images.</summary>
    public static ChannelNormalization Cifar10 { get; } = new([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]);

    /// <summary>The number of channels.</summary>
    public int Channels => Mean.Length;

    /// <inheritdoc/>
    public bool Equals(ChannelNormalization? other) =>
        other is not null && Mean.SequenceEqual(other.Mean) && Deviation.SequenceEqual(other.Deviation);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Channels, Mean[0], Deviation[0]);
}

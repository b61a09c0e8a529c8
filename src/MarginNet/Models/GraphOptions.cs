namespace MarginNet.Models;

/// <summary>What is known of a <see cref="GraphNetwork"/> beside its graph.</summary>
internal sealed record GraphOptions : ClassifierOptions
{
    /// <summary>Whether its graph takes images [N, H, W, C]. Default false: [N, C, H, W].</summary>
    public bool IsChannelsLast { get; init; }

    /// <summary>0: its graph says which weights it has.</summary>
    internal override long KernelWeights => 0;
}

namespace MarginNet.Models;

/// <summary>What is known of a <see cref="GraphNetwork"/> beside its graph.</summary>
internal sealed record GraphOptions : ClassifierOptions
{
    /// <summary>Whether its graph takes images [N, H, W, C]. Default false: [N, C, H, W].</summary>
    public bool IsChannelsLast { get; init; }

    /// <summary>What pixels in [0, 1] are multiplied by for its graph. Default 1; 255 where it takes bytes.</summary>
    public double PixelScale { get; init; } = 1;

    /// <summary>0: its graph says which weights it has.</summary>
    internal override long KernelWeights => 0;
}

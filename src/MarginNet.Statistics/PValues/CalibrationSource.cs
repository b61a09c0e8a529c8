namespace MarginNet.PValues;

/// <summary>Where the margins of a null model come from.</summary>
public enum CalibrationSource
{
    /// <summary>The samples the network was trained on, as in the paper; their margins are larger than fresh ones,
    /// so fresh samples are flagged too often.</summary>
    Training,

    /// <summary>Samples kept out of training, for which the p-values are honest.</summary>
    HeldOut,
}

namespace MarginNet.Drift;

/// <summary>Which test martingale bets on the p-values.</summary>
public enum MartingaleKind
{
    /// <summary>The mean of the simple jumper and the power mixture (<see cref="MeanMartingale"/>).</summary>
    Mean,

    /// <summary><see cref="Drift.SimpleJumper"/>.</summary>
    SimpleJumper,

    /// <summary><see cref="Drift.PowerMixture"/>.</summary>
    PowerMixture,

    /// <summary><see cref="PowerMartingale"/>.</summary>
    Power,
}

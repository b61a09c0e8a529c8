namespace MarginNet.PValues;

/// <summary>How prediction sets are made.</summary>
public sealed record PredictionSetOptions
{
    /// <summary>What orders the classes. Default <see cref="NonconformityScore.Lac"/>.</summary>
    public NonconformityScore Score { get; init; } = NonconformityScore.Lac;

    /// <summary>Whether each class has the coverage, and not only all together: it needs calibration samples of each. Default
    /// false.</summary>
    public bool IsClassConditional { get; init; }

    /// <summary>λ of <see cref="NonconformityScore.Raps"/>, finite and at least 0. Default 0.01; 0 is APS.</summary>
    public double Penalty { get; init; } = 0.01;

    /// <summary>k of <see cref="NonconformityScore.Raps"/>, the ranks without penalty, at least 0. Default 5.</summary>
    public int FreeRanks { get; init; } = 5;
}

namespace MarginNet.Audit;

/// <summary>What an audit says of the label of a sample.</summary>
/// <param name="Index">The sample, in [0, N).</param>
/// <param name="Label">Its given label.</param>
/// <param name="Suggested">The class it looks most like, by mean score; null where only margins are known.</param>
/// <param name="Statistic">The statistic, the smaller the more suspicious.</param>
/// <param name="RightProbability">The posterior probability that the label is right, under the model; NaN where there is none.</param>
/// <param name="PValue">The share of right labels whose statistic is as small, under the model; NaN where there is none.</param>
/// <param name="AdjustedPValue">The share of right labels expected among the samples that are at least as suspicious,
/// under the model; NaN where there is none.</param>
/// <param name="Rank">1 for the most suspicious; ties in the order of the samples.</param>
/// <param name="IsFlagged">Whether the label is taken for wrong.</param>
public readonly record struct AuditedLabel(
    int Index, int Label, int? Suggested, double Statistic, double RightProbability, double PValue, double AdjustedPValue, int Rank,
    bool IsFlagged);

namespace MarginNet.Detection;

/// <summary>
/// How well a confidence score, larger for typical samples, separates typical from atypical ones, by OpenOOD's definitions;
/// the areas under precision-recall curves are average precisions, since the trapezoidal rule that
/// OpenOOD takes is too good where scores tie.
/// Ties are exact: a pair of equal scores counts one half, and equal scores pass a threshold together.
/// </summary>
/// <param name="Auroc">The probability that a typical sample scores above an atypical one, ties counting one half, in [0, 1].</param>
/// <param name="AuprIn">Area under the precision-recall curve with the typical samples as positives, as average precision Σ (Rₖ − Rₖ₋₁) Pₖ,
/// in [0, 1].</param>
/// <param name="AuprOut">The same with the atypical samples as positives, in [0, 1].</param>
/// <param name="FprAt95Tpr">The share of typical samples flagged by the strictest threshold that flags at least 95 % of the atypical ones,
/// in [0, 1].</param>
public readonly record struct DetectionMetrics(double Auroc, double AuprIn, double AuprOut, double FprAt95Tpr)
{
    /// <summary>Computes the metrics of one score.</summary>
    /// <param name="typical">Scores of typical samples, shape [N] with N ≥ 1; infinities are allowed.</param>
    /// <param name="atypical">Scores of atypical samples, shape [M] with M ≥ 1; infinities are allowed.</param>
    /// <returns>The metrics.</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN; the message names its index.</exception>
    public static DetectionMetrics Compute(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical)
    {
        ScoreTable.ThrowIfInvalid(typical, nameof(typical));
        ScoreTable.ThrowIfInvalid(atypical, nameof(atypical));
        return new ScoreTable(typical, atypical).Metrics();
    }
}

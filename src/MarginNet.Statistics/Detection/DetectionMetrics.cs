namespace MarginNet.Detection;

/// <summary>
/// How well a confidence score, larger for typical samples, separates typical from atypical ones, by OpenOOD's definitions;
/// the areas under precision-recall curves are average precisions, since the trapezoidal rule that
/// OpenOOD takes is too good where scores tie.
/// Ties are exact: a pair of equal scores counts one half, and equal scores pass a threshold together.
/// The areas under risk-coverage curves are of the typical samples as right decisions and the atypical ones as wrong decisions, by the
/// definitions of FD-Shifts (Jaeger et al. 2023, Traub et al. 2024): trapezoids between the thresholds that part different scores.
/// </summary>
/// <param name="Auroc">The probability that a typical sample scores above an atypical one, ties counting one half, in [0, 1].</param>
/// <param name="AuprIn">Area under the precision-recall curve with the typical samples as positives, as average precision Σ (Rₖ − Rₖ₋₁) Pₖ,
/// in [0, 1].</param>
/// <param name="AuprOut">The same with the atypical samples as positives, in [0, 1].</param>
/// <param name="FprAt95Tpr">The share of typical samples flagged by the strictest threshold that flags at least 95 % of the atypical ones,
/// in [0, 1].</param>
/// <param name="Aurc">Area under the curve of the share of wrong decisions among those accepted, by the share accepted
/// (<see cref="RiskCoverageCurve"/>), in [0, 1].</param>
/// <param name="ExcessAurc">E-AURC, what the former has above e + (1 − e) log(1 − e), that of a perfect order of many samples
/// with a share e of
/// wrong decisions (Geifman et al. 2019); of few samples it may be a little below 0.</param>
/// <param name="Augrc">Area under the curve of the share of wrong and accepted decisions among all, by the share accepted
/// (Traub et al. 2024),
/// which is e(1 − e)(1 − AUROC) + e²/2, in [0, 1/2].</param>
public readonly record struct DetectionMetrics(
    double Auroc, double AuprIn, double AuprOut, double FprAt95Tpr, double Aurc, double ExcessAurc, double Augrc)
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

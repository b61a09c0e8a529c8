namespace MarginNet.Detection;

/// <summary>
/// The curve of selective classification (El-Yaniv and Wiener 2010): what share of the accepted decisions is wrong, if those of the highest
/// confidence are accepted. The area under it is <see cref="DetectionMetrics.Aurc"/>.
/// </summary>
public static class RiskCoverageCurve
{
    /// <summary>Computes the points of the curve, one for each threshold that parts different scores; equal scores are accepted
    /// together.</summary>
    /// <param name="right">Scores of right decisions, larger where more confident, shape [N] with N ≥ 1; infinities are allowed.</param>
    /// <param name="wrong">Scores of wrong decisions, shape [M] with M ≥ 1.</param>
    /// <returns>Share accepted and share of wrong decisions among them, as the threshold falls: from coverage 0, where the risk
    /// is that of the
    /// next point, to coverage 1, where it is M/(N + M).</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN; the message names its index.</exception>
    public static (double Coverage, double Risk)[] Compute(ReadOnlySpan<double> right, ReadOnlySpan<double> wrong)
    {
        ScoreTable.ThrowIfInvalid(right, nameof(right));
        ScoreTable.ThrowIfInvalid(wrong, nameof(wrong));
        return [.. new ScoreTable(right, wrong).RiskCoverage()];
    }
}

namespace MarginNet.Detection;

/// <summary>A threshold of a confidence score: samples that score at or below it are flagged as atypical.</summary>
/// <param name="Value">The threshold; −∞ flags only scores of −∞.</param>
/// <param name="FalsePositives">Typical samples that it flags, among those it was chosen on.</param>
/// <param name="TruePositives">Atypical samples that it flags, among those it was chosen on; none of none where it was chosen on typical samples alone.</param>
public readonly record struct DetectionThreshold(double Value, Proportion FalsePositives, Proportion TruePositives)
{
    /// <summary>Whether a score is flagged as atypical.</summary>
    /// <param name="score">The score.</param>
    /// <returns>True at or below the threshold.</returns>
    public bool Flags(double score) => score <= Value;

    /// <summary>Chooses the largest threshold whose false-positive rate is at most α.</summary>
    /// <param name="typical">Scores of typical samples, such as the p-values of the calibration samples themselves, shape [N] with N ≥ 1.</param>
    /// <param name="alpha">Largest false-positive rate α, in [0, 1).</param>
    /// <param name="atypical">Scores of atypical samples, shape [M], to report the true-positive rate on; may be empty.</param>
    /// <returns>The threshold, one of the typical scores; −∞ where not one of them may be flagged.</returns>
    /// <exception cref="ArgumentException">There is no typical score, a score is NaN, or <paramref name="alpha"/> is out of range.</exception>
    public static DetectionThreshold ForFalsePositiveRate(ReadOnlySpan<double> typical, double alpha, ReadOnlySpan<double> atypical = default)
    {
        if (alpha is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Expected a rate in [0, 1).");

        return Best(typical, atypical, candidate => candidate.FalsePositives.Rate <= alpha ? candidate.FalsePositives.Count : -1);
    }

    /// <summary>Chooses the threshold with the largest true-positive rate less false-positive rate (Youden 1950); among equals, the smallest.</summary>
    /// <param name="typical">Scores of typical samples, shape [N] with N ≥ 1.</param>
    /// <param name="atypical">Scores of atypical samples, such as attacked, out-of-distribution or misclassified ones, shape [M] with M ≥ 1.</param>
    /// <returns>The threshold, one of the scores, or −∞.</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN.</exception>
    public static DetectionThreshold ByYouden(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical)
    {
        ScoreTable.ThrowIfInvalid(atypical, nameof(atypical));
        return Best(typical, atypical, candidate => candidate.TruePositives.Rate - candidate.FalsePositives.Rate);
    }

    /// <summary>Chooses the threshold of least cost on the samples given, a false alarm costing 1 and a miss the cost ratio; among equals, the smallest.</summary>
    /// <param name="typical">Scores of typical samples, shape [N] with N ≥ 1.</param>
    /// <param name="atypical">Scores of atypical samples, shape [M] with M ≥ 1.</param>
    /// <param name="costRatio">What a miss costs in false alarms, positive.</param>
    /// <returns>The threshold, one of the scores, or −∞.</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN, or <paramref name="costRatio"/> is out of range.</exception>
    public static DetectionThreshold ByCost(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical, double costRatio)
    {
        if (costRatio is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(costRatio), costRatio, "Expected a positive, finite ratio.");

        ScoreTable.ThrowIfInvalid(atypical, nameof(atypical));
        return Best(typical, atypical, candidate => (costRatio * candidate.TruePositives.Count) - candidate.FalsePositives.Count);
    }

    /// <summary>The candidate of highest merit; among equals, the smallest threshold.</summary>
    private static DetectionThreshold Best(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical, Func<DetectionThreshold, double> merit)
    {
        ScoreTable.ThrowIfInvalid(typical, nameof(typical));
        var table = new ScoreTable(typical, atypical);
        var candidate = new DetectionThreshold(double.NegativeInfinity, new Proportion(0, typical.Length), new Proportion(0, atypical.Length));
        var (best, highest) = (candidate, double.NegativeInfinity);
        for (var i = 0; i < table.Scores.Length; i++)
        {
            // What flags nothing is a candidate, unless there are scores of −∞, which every threshold flags.
            if (i == 0 && !double.IsNegativeInfinity(table.Scores[0]))
                (best, highest) = (candidate, merit(candidate));

            candidate = new DetectionThreshold(
                table.Scores[i],
                new Proportion(candidate.FalsePositives.Count + table.Typical[i], typical.Length),
                new Proportion(candidate.TruePositives.Count + table.Atypical[i], atypical.Length));
            if (merit(candidate) is var value && value > highest)
                (best, highest) = (candidate, value);
        }

        return best;
    }
}

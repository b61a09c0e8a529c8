namespace MarginNet.Detection;

/// <summary>A threshold of a confidence score: samples that score at or below it are flagged as atypical.</summary>
/// <param name="Value">The threshold; −∞ flags only scores of −∞.</param>
/// <param name="FalsePositives">Typical samples that it flags, among those it was chosen on.</param>
/// <param name="TruePositives">Atypical samples that it flags, among those it was chosen on;
/// none of none where it was chosen on typical samples alone.</param>
public readonly record struct DetectionThreshold(double Value, Proportion FalsePositives, Proportion TruePositives)
{
    /// <summary>What a product with a rate such as 0.29, which is no binary fraction, may fall short of a whole number.</summary>
    internal const double Rounding = 1e-12;

    /// <summary>Whether a score is flagged as atypical.</summary>
    /// <param name="score">The score.</param>
    /// <returns>True at or below the threshold.</returns>
    public bool Flags(double score) => score <= Value;

    /// <summary>Chooses the largest threshold whose false-positive rate is at most α.</summary>
    /// <param name="typical">Scores of typical samples, such as the p-values of the calibration samples themselves,
    /// shape [N] with N ≥ 1.</param>
    /// <param name="alpha">Largest false-positive rate α, in [0, 1).</param>
    /// <param name="atypical">Scores of atypical samples, shape [M], to report the true-positive rate on; may be empty.</param>
    /// <returns>The threshold, the last number before the first typical score that it may not flag.</returns>
    /// <exception cref="ArgumentException">There is no typical score, a score is NaN,
    /// or <paramref name="alpha"/> is out of range.</exception>
    public static DetectionThreshold ForFalsePositiveRate(
        ReadOnlySpan<double> typical, double alpha, ReadOnlySpan<double> atypical = default)
    {
        if (alpha is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Expected a rate in [0, 1).");

        ScoreTable.ThrowIfInvalid(typical, nameof(typical));
        var allowed = (int)Math.Floor(alpha * typical.Length * (1 + Rounding));
        return Before(typical, Math.Min(allowed, typical.Length - 1), atypical);
    }

    /// <summary>A given threshold, with the samples that it flags.</summary>
    /// <param name="value">The threshold.</param>
    /// <param name="typical">Scores of typical samples, shape [N]; may be empty.</param>
    /// <param name="atypical">Scores of atypical samples, shape [M]; may be empty.</param>
    /// <returns>The threshold.</returns>
    internal static DetectionThreshold At(double value, ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical)
    {
        return new(value, Flagged(typical), Flagged(atypical));

        Proportion Flagged(ReadOnlySpan<double> scores)
        {
            var count = 0;
            foreach (var score in scores)
                count += score <= value ? 1 : 0;

            return new(count, scores.Length);
        }
    }

    /// <summary>The largest threshold that does not flag the typical sample of a rank in [0, N), nor those that score as high.</summary>
    internal static DetectionThreshold Before(ReadOnlySpan<double> typical, int rank, ReadOnlySpan<double> atypical)
    {
        var sorted = typical.ToArray();
        Array.Sort(sorted);
        return At(Math.BitDecrement(sorted[rank]), typical, atypical);
    }

    /// <summary>Chooses the threshold with the largest true-positive rate less false-positive rate (Youden 1950); among equals,
    /// the smallest.</summary>
    /// <param name="typical">Scores of typical samples, shape [N] with N ≥ 1.</param>
    /// <param name="atypical">Scores of atypical samples, such as attacked, out-of-distribution or misclassified ones,
    /// shape [M] with M ≥ 1.</param>
    /// <returns>The threshold, one of the scores, or −∞.</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN.</exception>
    public static DetectionThreshold ByYouden(ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical)
    {
        ScoreTable.ThrowIfInvalid(atypical, nameof(atypical));
        return Best(typical, atypical, candidate => candidate.TruePositives.Rate - candidate.FalsePositives.Rate);
    }

    /// <summary>Chooses the threshold of least cost on the samples given, a false alarm costing 1 and a miss the cost ratio; among equals,
    /// the smallest.</summary>
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
    private static DetectionThreshold Best(
        ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical, Func<DetectionThreshold, double> merit)
    {
        ScoreTable.ThrowIfInvalid(typical, nameof(typical));
        var table = new ScoreTable(typical, atypical);
        var candidate =
            new DetectionThreshold(double.NegativeInfinity, new Proportion(0, typical.Length), new Proportion(0, atypical.Length));
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

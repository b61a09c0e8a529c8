namespace MarginNet.Detection;

/// <summary>Detection metrics with their sample sizes and bootstrap intervals.</summary>
/// <param name="Metrics">The metrics on the samples as given.</param>
/// <param name="TypicalCount">Number of typical samples.</param>
/// <param name="AtypicalCount">Number of atypical samples.</param>
/// <param name="Auroc">Interval of <see cref="DetectionMetrics.Auroc"/>.</param>
/// <param name="AuprIn">Interval of <see cref="DetectionMetrics.AuprIn"/>.</param>
/// <param name="AuprOut">Interval of <see cref="DetectionMetrics.AuprOut"/>.</param>
/// <param name="FprAt95Tpr">Interval of <see cref="DetectionMetrics.FprAt95Tpr"/>.</param>
/// <param name="Aurc">Interval of <see cref="DetectionMetrics.Aurc"/>, at the share of atypical samples given.</param>
/// <param name="ExcessAurc">Interval of <see cref="DetectionMetrics.ExcessAurc"/>.</param>
/// <param name="Augrc">Interval of <see cref="DetectionMetrics.Augrc"/>.</param>
public sealed record DetectionReport(
    DetectionMetrics Metrics,
    int TypicalCount,
    int AtypicalCount,
    Interval Auroc,
    Interval AuprIn,
    Interval AuprOut,
    Interval FprAt95Tpr,
    Interval Aurc,
    Interval ExcessAurc,
    Interval Augrc)
{
    /// <summary>Computes the metrics of one score and their percentile bootstrap intervals,
    /// both samples being drawn anew with replacement.</summary>
    /// <param name="typical">Scores of typical samples, larger than those of atypical ones, shape [N] with N ≥ 1.</param>
    /// <param name="atypical">Scores of atypical samples, shape [M] with M ≥ 1.</param>
    /// <param name="level">Confidence level, in (0, 1). Default 0.95.</param>
    /// <param name="resamples">Number of resamples, at least 1. Default 1000.</param>
    /// <param name="seed">Seed of the draws. Default 0.</param>
    /// <param name="cancellation">Stops between two draws.</param>
    /// <returns>The report; the same for the same seed and any number of threads.</returns>
    /// <exception cref="ArgumentException">A side is empty or holds a NaN,
    /// or <paramref name="level"/> or <paramref name="resamples"/> is out of range.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static DetectionReport Compute(
        ReadOnlySpan<double> typical, ReadOnlySpan<double> atypical, double level = 0.95, int resamples = 1000, int seed = 0,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        if (level is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(level), level, "Expected a level in (0, 1).");

        ScoreTable.ThrowIfInvalid(typical, nameof(typical));
        ScoreTable.ThrowIfInvalid(atypical, nameof(atypical));
        var table = new ScoreTable(typical, atypical);
        var draws = new DetectionMetrics[resamples];
        Parallel.For(
            0, resamples, new() { CancellationToken = cancellation },
            i => draws[i] = table.Resample(new Random(unchecked((seed * 31) + i))).Metrics());

        return new DetectionReport(
            table.Metrics(),
            table.TypicalCount,
            table.AtypicalCount,
            Percentiles(draws, m => m.Auroc, level),
            Percentiles(draws, m => m.AuprIn, level),
            Percentiles(draws, m => m.AuprOut, level),
            Percentiles(draws, m => m.FprAt95Tpr, level),
            Percentiles(draws, m => m.Aurc, level),
            Percentiles(draws, m => m.ExcessAurc, level),
            Percentiles(draws, m => m.Augrc, level));
    }

    private static Interval Percentiles(DetectionMetrics[] draws, Func<DetectionMetrics, double> metric, double level)
    {
        double[] sorted = [.. draws.Select(metric).Order()];
        var last = sorted.Length - 1;
        var tail = (int)Math.Floor((1 - level) / 2 * last);
        return new Interval(sorted[tail], sorted[last - tail]);
    }
}

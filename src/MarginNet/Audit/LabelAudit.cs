using System.Collections.Immutable;

namespace MarginNet.Audit;

/// <summary>Which labels of a training set are wrong: each ranked, and as many flagged as a bound on false discoveries allows.</summary>
/// <param name="Statistic">What the labels are ranked by.</param>
/// <param name="Alpha">The largest expected share of right labels among the flagged.</param>
/// <param name="Labels">Every label, in the order of the samples.</param>
/// <param name="Model">The model of the statistic among wrong and right labels; null where it cannot be told.</param>
/// <param name="Doubt">Why there is no model, in one line; null where there is one.</param>
public sealed record LabelAudit(
    LabelStatistic Statistic, double Alpha, ImmutableArray<AuditedLabel> Labels, TwoGroupModel? Model, string? Doubt)
{
    /// <summary>The α of <see cref="Compute"/> unless another is given.</summary>
    public const double DefaultAlpha = 0.1;

    /// <summary>The labels taken for wrong, the most suspicious first.</summary>
    public IEnumerable<AuditedLabel> Flagged => Labels.Where(label => label.IsFlagged).OrderBy(label => label.Rank);

    /// <summary>Ranks the labels and flags those that are taken for wrong.</summary>
    /// <param name="evidence">What is known of the samples.</param>
    /// <param name="statistic">What to rank by. Default <see cref="LabelStatistic.MeanMargin"/>.</param>
    /// <param name="alpha">The largest expected share of right labels among the flagged, in (0, 1). Default 0.1. Confident learning
    /// flags by its own rule instead.</param>
    /// <param name="flagShare">The share of labels to flag instead, the most suspicious ones, in (0, 1);
    /// null, the default, to go by alpha.</param>
    /// <returns>The audit; by alpha nothing is flagged where the model of the statistic cannot be told.</returns>
    /// <exception cref="ArgumentException">What the statistic needs is not known, or sizes disagree.</exception>
    public static LabelAudit Compute(
        AuditEvidence evidence, LabelStatistic statistic = LabelStatistic.MeanMargin, double alpha = DefaultAlpha,
        double? flagShare = null)
    {
        if (flagShare is not (null or (> 0 and < 1)))
        {
            throw new ArgumentOutOfRangeException(nameof(flagShare), flagShare, "Expected a share in (0, 1).");
        }

        if (!(alpha is > 0 and < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(alpha), alpha, "Expected a share in (0, 1).");
        }

        var values = evidence.Compute(statistic);
        var labels = evidence.Labels;
        if (values.Length != labels.Length)
        {
            throw new ArgumentException($"Expected {labels.Length} values, one for each label, but got {values.Length}.", nameof(evidence));
        }

        int[] order = [.. Enumerable.Range(0, values.Length).OrderBy(i => values[i])];
        var (model, doubt) = FitModel(values, statistic);
        var (p, adjusted, wrong) = (new double[values.Length], new double[values.Length], new bool[values.Length]);
        if (model is null)
        {
            Array.Fill(p, double.NaN);
            Array.Fill(adjusted, double.NaN);
        }
        else
        {
            model.Judge(values.AsSpan(), p, adjusted);
            wrong = Array.ConvertAll(adjusted, q => q <= alpha);
        }

        if (statistic == LabelStatistic.ConfidentLearning)
        {
            wrong = Array.ConvertAll(values, value => value < 0);
        }

        if (flagShare is { } share)
        {
            Array.Clear(wrong);
            foreach (var i in order.Take((int)Math.Round(share * values.Length)))
            {
                wrong[i] = true;
            }
        }

        var suggested = evidence.Suggesting is { } scores ? LabelStatistics.Suggest(scores) : null;
        var audited = new AuditedLabel[values.Length];
        for (var rank = 0; rank < order.Length; rank++)
        {
            var i = order[rank];
            var isRight = model?.RightProbability(values[i]) ?? double.NaN;
            audited[i] = new(i, labels.Span[i], suggested?[i], values[i], isRight, p[i], adjusted[i], rank + 1, wrong[i]);
        }

        return new(statistic, alpha, [.. audited], model, doubt);
    }

    /// <summary>Counts the flagged labels by what they are and what they should be, shape [C, C]; the diagonal counts those
    /// whose label is also the suggested one.</summary>
    /// <param name="classCount">C.</param>
    public int[,] Confusion(int classCount)
    {
        var counts = new int[classCount, classCount];
        foreach (var label in Labels.Where(label => label.IsFlagged && label.Suggested is not null))
        {
            counts[label.Label, label.Suggested!.Value]++;
        }

        return counts;
    }

    /// <summary>The model of a statistic that has the scale of a margin.</summary>
    private static (TwoGroupModel? Model, string? Doubt) FitModel(double[] values, LabelStatistic statistic) => statistic switch
    {
        LabelStatistic.MeanMargin or LabelStatistic.LastMargin or LabelStatistic.OutOfFold => TwoGroupModel.Fit(values),
        LabelStatistic.TwoPassMargin =>
            (null, "the second pass parts the labels by what the first one decided, so that two humps of its margins would prove nothing"),
        LabelStatistic.ConfidentLearning => (null, "confident learning flags by its own rule"),
        _ => (null, $"wrong and right labels have no model of {statistic}, only of margins"),
    };
}

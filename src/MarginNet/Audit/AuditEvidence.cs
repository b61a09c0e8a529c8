using MarginNet.Evaluation;
using MarginNet.Margins;

namespace MarginNet.Audit;

/// <summary>What is known of N labelled samples; what is not known is null, and statistics that need it are refused.</summary>
/// <param name="Labels">Given labels, shape [N], each in [0, C).</param>
/// <param name="ClassCount">C, at least 2.</param>
public sealed record AuditEvidence(ReadOnlyMemory<int> Labels, int ClassCount)
{
    /// <summary>Labelled margins by epoch.</summary>
    public MarginRecord? Record { get; init; }

    /// <summary>Logits of a trained network, shape [N, C].</summary>
    public ScoreMatrix? Scores { get; init; }

    /// <summary>Logits by the network of a <see cref="SecondPass"/>, shape [N, C].</summary>
    public ScoreMatrix? SecondScores { get; init; }

    /// <summary>Logits by networks that were not trained on the sample, shape [N, C].</summary>
    public ScoreMatrix? OutOfFold { get; init; }

    /// <summary>λ of each sample's constraint, shape [N].</summary>
    public double[]? DualWeights { get; init; }

    /// <summary>The scores that say which class a sample looks like: those of the second pass, else the mean over the epochs, else
    /// out-of-fold ones, else those of the trained network.</summary>
    public ScoreMatrix? Suggesting => SecondScores ?? Record?.MeanScores ?? OutOfFold ?? Scores;

    /// <summary>The statistic of each sample, shape [N].</summary>
    /// <param name="statistic">Which one.</param>
    /// <exception cref="ArgumentException">What it needs is not known.</exception>
    internal double[] Compute(LabelStatistic statistic)
    {
        var labels = Labels.Span;
        return statistic switch
        {
            LabelStatistic.MeanMargin => Needed(Record, statistic, "margins by epoch").Mean(),
            LabelStatistic.LastMargin =>
                Scores?.LabelledMargins(labels) ?? Needed(Record, statistic, "margins by epoch or logits").Last(),
            LabelStatistic.TwoPassMargin => LabelStatistics.TwoPassMargin(
                Needed(Scores, statistic, "scores of the trained network"), Needed(SecondScores, statistic, "scores of a second pass"),
                labels),
            LabelStatistic.OutOfFold => Needed(OutOfFold, statistic, "out-of-fold scores").LabelledMargins(labels),
            LabelStatistic.PValue => LabelStatistics.PValue(Margins(statistic), labels, ClassCount),
            LabelStatistic.DualWeight => [.. Needed(DualWeights, statistic, "dual weights").Select(weight => -weight)],
            LabelStatistic.SelfConfidence => LabelStatistics.SelfConfidence(Probabilities(statistic), labels),
            LabelStatistic.NormalizedMargin => LabelStatistics.NormalizedMargin(Probabilities(statistic), labels),
            LabelStatistic.ConfidentLearning => PrunedFirst(Probabilities(statistic), labels),
            _ => throw new ArgumentOutOfRangeException(nameof(statistic), statistic, "Expected a defined statistic."),
        };
    }

    /// <summary>Softmax probabilities, out of fold where there are such scores, at the temperature that fits the given labels best:
    /// networks of large scores would be sure of everything.</summary>
    internal ScoreMatrix Probabilities(LabelStatistic statistic)
    {
        var scores = Needed(OutOfFold ?? Scores ?? Record?.MeanScores, statistic, "scores of every class");
        return LabelStatistics.Probabilities(scores, TemperatureScaling.Fit(scores, Labels.Span));
    }

    private double[] Margins(LabelStatistic statistic) =>
        Record?.Mean() ?? Needed(OutOfFold ?? Scores, statistic, "margins or scores").LabelledMargins(Labels.Span);

    /// <summary>The self-confidence less 1 of the labels that confident learning takes for wrong, of the others as it is.</summary>
    private static double[] PrunedFirst(ScoreMatrix probabilities, ReadOnlySpan<int> labels)
    {
        var wrong = Audit.ConfidentLearning.Compute(probabilities, labels).IsWrong;
        return [.. LabelStatistics.SelfConfidence(probabilities, labels).Select((own, i) => wrong[i] ? own - 1 : own)];
    }

    private static T Needed<T>(T? known, LabelStatistic statistic, string what)
        where T : class =>
        known ?? throw new ArgumentException($"The statistic {statistic} needs {what}, which are not known.");
}

using MarginNet.Audit;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.Tests.PValues;

namespace MarginNet.Tests.Audit;

public sealed class LabelAuditTests
{
    private const int Count = 3000;
    private const int Classes = 3;

    /// <summary>Scores of two epochs in which one label in ten is wrong: the class that the scores are large for is another.</summary>
    private static (AuditEvidence Evidence, int[] True) Draw()
    {
        var random = new Random(1);
        int[] classes = [.. Enumerable.Range(0, Count).Select(i => i % Classes)];
        int[] labels = [.. classes.Select((c, i) => i % 10 == 0 ? (c + 1) % Classes : c)];
        float Score(int c, int j) => (float)((j == c ? 10 : 0) + (2 * random.Normal()));
        ScoreMatrix Epoch() => new([.. classes.SelectMany(c => Enumerable.Range(0, Classes).Select(j => Score(c, j)))], Classes);
        var record = MarginRecord.FromScores([Epoch(), Epoch()], labels);
        var evidence = new AuditEvidence(labels, Classes)
        {
            Record = record,
            Scores = Epoch(),
            SecondScores = Epoch(),
            OutOfFold = Epoch(),
            DualWeights = [.. labels.Select((label, i) => label == classes[i] ? 1.0 : 3.0)],
        };
        return (evidence, classes);
    }

    public static TheoryData<LabelStatistic> Statistics => new(Enum.GetValues<LabelStatistic>());

    [Theory]
    [MemberData(nameof(Statistics))]
    public void Wrong_labels_are_ranked_first_by_every_statistic(LabelStatistic statistic)
    {
        var (evidence, classes) = Draw();
        var audit = LabelAudit.Compute(evidence, statistic);
        Assert.Equal(Enumerable.Range(1, Count), audit.Labels.Select(label => label.Rank).Order());
        Assert.Equal(
            audit.Labels.Select(label => label.Statistic).Order(), audit.Labels.OrderBy(label => label.Rank).Select(label => label.Statistic));
        var first = audit.Labels.Where(label => label.Rank <= Count / 10);
        Assert.InRange(first.Count(label => label.Label != classes[label.Index]), 0.95 * Count / 10, Count / 10);
    }

    [Theory]
    [InlineData(LabelStatistic.MeanMargin)]
    [InlineData(LabelStatistic.LastMargin)]
    [InlineData(LabelStatistic.OutOfFold)]
    public void Margins_have_a_threshold_and_what_is_flagged_suggests_the_true_class(LabelStatistic statistic)
    {
        var (evidence, classes) = Draw();
        var audit = LabelAudit.Compute(evidence, statistic, alpha: 0.1);
        Assert.Null(audit.Doubt);
        Assert.Equal(0.1, audit.Model!.WrongShare, 0.02);
        Assert.All(audit.Labels, label => Assert.Equal(label.AdjustedPValue <= 0.1, label.IsFlagged));
        var flagged = audit.Flagged.ToArray();
        Assert.InRange(flagged.Length, 0.9 * Count / 10, 1.2 * Count / 10);
        Assert.InRange(flagged.Count(label => label.Suggested == classes[label.Index]), 0.95 * flagged.Length, flagged.Length);
        Assert.Equal(flagged.Select(label => label.Rank), flagged.Select(label => label.Rank).Order());
        var confusion = audit.Confusion(Classes);
        Assert.Equal(flagged.Length, confusion.Cast<int>().Sum());
        Assert.True(confusion[1, 0] > 20 * confusion[0, 1] + 50); // A wrong label is the class after the true one.
    }

    [Fact]
    public void Other_statistics_rank_only_and_say_why()
    {
        var audit = LabelAudit.Compute(Draw().Evidence, LabelStatistic.DualWeight);
        Assert.Contains("no model of DualWeight", audit.Doubt, StringComparison.Ordinal);
        Assert.Empty(audit.Flagged);
        Assert.All(audit.Labels, label => Assert.True(double.IsNaN(label.AdjustedPValue) && double.IsNaN(label.PValue)));
    }

    [Fact]
    public void A_share_that_is_given_is_flagged_whatever_the_model_says()
    {
        var audit = LabelAudit.Compute(Draw().Evidence, LabelStatistic.SelfConfidence, flagShare: 0.25);
        Assert.All(audit.Labels, label => Assert.Equal(label.Rank <= Count / 4, label.IsFlagged));
    }

    [Fact]
    public void Confident_learning_flags_by_its_own_rule()
    {
        var (evidence, _) = Draw();
        var audit = LabelAudit.Compute(evidence, LabelStatistic.ConfidentLearning);
        var temperature = TemperatureScaling.Fit(evidence.OutOfFold!, evidence.Labels.Span);
        var own = ConfidentLearning.Compute(LabelStatistics.Probabilities(evidence.OutOfFold!, temperature), evidence.Labels.Span);
        Assert.Equal([.. own.IsWrong], audit.Labels.Select(label => label.IsFlagged));
    }

    [Fact]
    public void What_a_statistic_needs_is_named_where_it_is_missing()
    {
        var nothing = new AuditEvidence(new int[300], 2);
        var error = Assert.Throws<ArgumentException>(() => LabelAudit.Compute(nothing));
        Assert.Contains("MeanMargin needs margins by epoch", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LabelAudit.Compute(nothing, LabelStatistic.DualWeight));
        Assert.Throws<ArgumentException>(() => LabelAudit.Compute(nothing with { DualWeights = new double[2] }, LabelStatistic.DualWeight));
        Assert.Throws<ArgumentOutOfRangeException>(() => LabelAudit.Compute(nothing, alpha: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LabelAudit.Compute(nothing, flagShare: 0));
    }

    [Fact]
    public void Without_scores_no_label_is_suggested()
    {
        var random = new Random(3);
        float[] margins = [.. Enumerable.Range(0, 1000).Select(i => (float)((i % 8 == 0 ? -10 : 10) + (3 * random.Normal())))];
        var audit = LabelAudit.Compute(new(new int[1000], 2) { Record = new(margins, 1000) });
        Assert.All(audit.Labels, label => Assert.Null(label.Suggested));
        Assert.InRange(audit.Flagged.Count(), 100, 140);
    }
}

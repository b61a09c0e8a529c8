using MarginNet.Audit;
using MarginNet.Margins;
using MarginNet.Tests.PValues;

namespace MarginNet.Tests.Audit;

public sealed class LabelStatisticsTests
{
    private static readonly ScoreMatrix Scores = new([2, 0, 1, -1, 3, 3, 0, 0, 0], 3);

    [Fact]
    public void Probabilities_are_softmax()
    {
        var p = LabelStatistics.Probabilities(Scores);
        var sum = Math.Exp(2) + 1 + Math.Exp(1);
        Assert.Equal(Math.Exp(2) / sum, p[0][0], 1e-6);
        Assert.Equal(1.0 / 3, p[2][1], 1e-6);
        Assert.Equal(1, p[1].ToArray().Sum(), 1e-6);
        Assert.Equal(Math.Exp(1) / (Math.Exp(1) + 1 + Math.Exp(0.5)), LabelStatistics.Probabilities(Scores, temperature: 2)[0][0], 1e-6);
    }

    [Fact]
    public void Self_confidence_and_normalised_margin_are_read_off_the_row()
    {
        var p = new ScoreMatrix([0.5f, 0.25f, 0.25f, 0.125f, 0.75f, 0.125f], 3);
        Assert.Equal([0.5, 0.125], LabelStatistics.SelfConfidence(p, [0, 2]));
        Assert.Equal([0.25, -0.625], LabelStatistics.NormalizedMargin(p, [0, 2]));
        Assert.Throws<ArgumentException>(() => LabelStatistics.SelfConfidence(p, [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => LabelStatistics.SelfConfidence(p, [0, 3]));
    }

    [Fact]
    public void The_suggested_class_has_the_largest_score() => Assert.Equal([0, 1, 0], LabelStatistics.Suggest(Scores));

    [Fact]
    public void P_values_keep_the_order_of_the_margins_of_a_class_and_are_uniform_among_right_ones()
    {
        var random = new Random(1);
        int[] labels = [.. Enumerable.Range(0, 3000).Select(i => i % 3)];
        double[] margins = [.. labels.Select(c => (c + 1) * Math.Exp(random.Normal()))];
        for (var i = 0; i < 30; i++)
        {
            margins[i] = -margins[i];
        }

        var values = LabelStatistics.PValue(margins, labels, 3);
        for (var c = 0; c < 3; c++)
        {
            int[] own = [.. Enumerable.Range(0, 3000).Where(i => labels[i] == c)];
            Assert.Equal(own.OrderBy(i => margins[i]), own.OrderBy(i => values[i]));
        }

        Assert.Equal(margins[..30], values[..30]);
        Assert.InRange(values.Skip(30).Count(p => p <= 0.1), 0.08 * 2970, 0.12 * 2970);
        Assert.All(values[30..], p => Assert.InRange(p, double.Epsilon, 1));
    }

    [Fact]
    public void Confident_learning_counts_and_prunes_as_its_authors_define()
    {
        // Labels 0, 0, 0, 1, 1; class 0's samples have p[0] = 0.9, 0.8, 0.1, so t = (0.6, 0.75).
        var p = new ScoreMatrix([0.9f, 0.1f, 0.8f, 0.2f, 0.1f, 0.9f, 0.2f, 0.8f, 0.3f, 0.7f], 2);
        var result = ConfidentLearning.Compute(p, [0, 0, 0, 1, 1]);
        Assert.Equal(0.6, result.Thresholds[0], 1e-6);
        Assert.Equal(0.75, result.Thresholds[1], 1e-6);
        // Confident counts ((2, 1), (0, 1)), scaled to 3 and 2 labels.
        Assert.Equal(new double[,] { { 2, 1 }, { 0, 2 } }, result.Joint);
        Assert.Equal([false, false, true, false, false], result.IsWrong.ToArray());
        Assert.Equal(1, result.WrongCount);
    }

    [Fact]
    public void Confident_learning_finds_nothing_where_every_label_is_the_most_probable()
    {
        var p = new ScoreMatrix([0.9f, 0.1f, 0.7f, 0.3f, 0.2f, 0.8f], 2);
        Assert.Equal(0, ConfidentLearning.Compute(p, [0, 0, 1]).WrongCount);
    }
}

using MarginNet.Detection;

namespace MarginNet.Tests.Detection;

public sealed class LogitScoresTests
{
    private delegate double Score(ReadOnlySpan<double> logits);

    private static readonly Score[] All =
    [
        LogitScores.Margin,
        LogitScores.MaxSoftmax,
        LogitScores.MaxSoftmaxLogOdds,
        LogitScores.MaxLogit,
        LogitScores.Energy,
        LogitScores.NegativeEntropy,
    ];

    [Fact]
    public void Scores_are_their_formulas()
    {
        double[] logits = [1.5, -2, 0.3, 1.1];
        var sum = logits.Sum(Math.Exp);
        double[] p = [.. logits.Select(f => Math.Exp(f) / sum)];
        Assert.Equal(0.4, LogitScores.Margin(logits), 1e-15);
        Assert.Equal(p.Max(), LogitScores.MaxSoftmax(logits), 1e-15);
        Assert.Equal(1.5, LogitScores.MaxLogit(logits));
        Assert.Equal(Math.Log(sum), LogitScores.Energy(logits), 1e-15);
        Assert.Equal(p.Sum(x => x * Math.Log(x)), LogitScores.NegativeEntropy(logits), 1e-15);
    }

    [Fact]
    public void The_log_odds_are_those_of_the_probability_and_do_not_saturate_with_it()
    {
        double[] logits = [1.5, -2, 0.3, 1.1];
        var p = LogitScores.MaxSoftmax(logits);
        Assert.Equal(Math.Log(p / (1 - p)), LogitScores.MaxSoftmaxLogOdds(logits), 1e-14);
        Assert.Equal(3, LogitScores.MaxSoftmaxLogOdds([7, 4]), 1e-15); // of two classes, the margin
        Assert.Equal(-Math.Log(3), LogitScores.MaxSoftmaxLogOdds([2, 2, 2, 2]), 1e-15);
        Assert.Equal(LogitScores.MaxSoftmax([50, 0, 0]), LogitScores.MaxSoftmax([500, 0, 0]));
        Assert.Equal(50 - Math.Log(2), LogitScores.MaxSoftmaxLogOdds([50, 0, 0]), 1e-13);
        Assert.Equal(500 - Math.Log(2), LogitScores.MaxSoftmaxLogOdds([500, 0, 0]), 1e-12);
    }

    [Fact]
    public void The_order_of_the_classes_does_not_matter()
    {
        double[] logits = [3, -1, 2.5, 7, 7.5];
        double[] reversed = [7.5, 7, 2.5, -1, 3];
        Assert.All(All, score => Assert.Equal(score(logits), score(reversed), 1e-14));
    }

    [Fact]
    public void A_common_shift_moves_only_the_largest_logit_and_the_energy()
    {
        double[] logits = [3, -1, 2.5, 7];
        double[] shifted = [.. logits.Select(f => f + 100)];
        Assert.Equal(LogitScores.Margin(logits), LogitScores.Margin(shifted), 1e-12);
        Assert.Equal(LogitScores.MaxSoftmax(logits), LogitScores.MaxSoftmax(shifted), 1e-12);
        Assert.Equal(LogitScores.NegativeEntropy(logits), LogitScores.NegativeEntropy(shifted), 1e-12);
        Assert.Equal(LogitScores.MaxLogit(logits) + 100, LogitScores.MaxLogit(shifted), 1e-12);
        Assert.Equal(LogitScores.Energy(logits) + 100, LogitScores.Energy(shifted), 1e-12);
    }

    [Fact]
    public void Huge_logits_do_not_overflow()
    {
        Assert.All(All, score => Assert.True(double.IsFinite(score([1e300, -1e300, 0]))));
        Assert.Equal(1, LogitScores.MaxSoftmax([1e300, -1e300]));
    }

    [Fact]
    public void Equal_logits_have_no_margin_and_the_largest_entropy()
    {
        double[] logits = [2, 2, 2, 2];
        Assert.Equal(0, LogitScores.Margin(logits));
        Assert.Equal(0.25, LogitScores.MaxSoftmax(logits), 1e-15);
        Assert.Equal(-Math.Log(4), LogitScores.NegativeEntropy(logits), 1e-15);
    }

    [Fact]
    public void Logits_that_are_none_are_rejected()
    {
        Assert.All(All, score => Assert.Throws<ArgumentException>(() => score([1])));
        Assert.All(All, score => Assert.Contains(
            "index 1", Assert.Throws<ArgumentException>(() => score([1, double.NaN])).Message, StringComparison.Ordinal));
        Assert.All(All, score => Assert.Throws<ArgumentException>(() => score([1, double.PositiveInfinity])));
    }
}

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
        LogitScores.DoctorAlpha,
        logits => LogitScores.GeneralizedEntropy(logits),
        logits => LogitScores.MaxSoftmaxLogOdds(logits, 2),
        logits => LogitScores.MaxLogitPNorm(logits, 3),
        logits => LogitScores.MarginPNorm(logits, 10),
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
    public void Scores_of_confidence_estimators_are_their_formulas()
    {
        double[] logits = [1.5, -2, 0.3, 1.1];
        double[] p = [.. logits.Select(f => Math.Exp(f) / logits.Sum(Math.Exp))];
        var g = p.Sum(x => x * x);
        Assert.Equal(-Math.Log((1 - g) / g), LogitScores.DoctorAlpha(logits), 1e-14);
        Assert.Equal(-p.Sum(x => Math.Pow(x * (1 - x), 0.1)), LogitScores.GeneralizedEntropy(logits), 1e-14);
        Assert.Equal(
            -p.OrderDescending().Take(2).Sum(x => Math.Pow(x * (1 - x), 0.3)), LogitScores.GeneralizedEntropy(logits, 0.3, 2), 1e-14);
        Assert.Equal(
            LogitScores.MaxSoftmaxLogOdds([.. logits.Select(f => f / 2.5)]), LogitScores.MaxSoftmaxLogOdds(logits, 2.5), 1e-14);
        double[] z = [.. logits.Select(f => f - logits.Average())];
        foreach (var order in new[] { 1, 2, 7 })
        {
            var norm = Math.Pow(z.Sum(x => Math.Pow(Math.Abs(x), order)), 1.0 / order);
            Assert.Equal(z.Max() / norm, LogitScores.MaxLogitPNorm(logits, order), 1e-14);
            Assert.Equal(0.4 / norm, LogitScores.MarginPNorm(logits, order), 1e-14);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public void P_norms_forget_shift_and_scale_and_of_two_classes_everything(int order)
    {
        double[] logits = [3, -1, 2.5, 7];
        double[] other = [.. logits.Select(f => (12 * f) - 5)];
        Assert.Equal(LogitScores.MaxLogitPNorm(logits, order), LogitScores.MaxLogitPNorm(other, order), 1e-14);
        Assert.Equal(LogitScores.MarginPNorm(logits, order), LogitScores.MarginPNorm(other, order), 1e-14);
        Assert.Equal(Math.Pow(2, -1.0 / order), LogitScores.MaxLogitPNorm([5, 2], order), 1e-15);
        Assert.Equal(0, LogitScores.MaxLogitPNorm([.. Enumerable.Repeat(0.1, 10)], order));
        Assert.Equal(
            LogitScores.MaxLogitPNorm([1.7, 1.6, -1.7], order), LogitScores.MaxLogitPNorm([1.7e308, 1.6e308, -1.7e308], order), 1e-14);
    }

    [Fact]
    public void Doctors_alpha_and_the_generalized_entropy_do_not_saturate_where_p_rounds_to_1()
    {
        // g → 1 − 2(1 − p), so that D_alpha is twice D_beta.
        Assert.Equal(LogitScores.MaxSoftmaxLogOdds([60, 0, 0]) - Math.Log(2), LogitScores.DoctorAlpha([60, 0, 0]), 1e-12);
        Assert.True(LogitScores.DoctorAlpha([500, 0, 0]) > LogitScores.DoctorAlpha([499, 0, 0]));
        Assert.True(LogitScores.GeneralizedEntropy([60, 0, 0]) > LogitScores.GeneralizedEntropy([59, 0, 0]));
        // (1 − p)^γ of the first with 1 − p = 2e⁻⁶⁰, and p^γ of two with p = e⁻⁶⁰.
        Assert.Equal(-(Math.Pow(2, 0.1) + 2) * Math.Exp(-6), LogitScores.GeneralizedEntropy([60, 0, 0]), 1e-15);
    }

    [Fact]
    public void Equal_logits_have_the_largest_uncertainty()
    {
        Assert.Equal(-Math.Log(3), LogitScores.DoctorAlpha([2, 2, 2, 2]), 1e-15);
        Assert.Equal(-4 * Math.Pow(3.0 / 16, 0.1), LogitScores.GeneralizedEntropy([2, 2, 2, 2]), 1e-14);
    }

    [Fact]
    public void Parameters_out_of_range_are_named()
    {
        Assert.Equal("order", Assert.Throws<ArgumentOutOfRangeException>(() => LogitScores.MaxLogitPNorm([1, 2], 0)).ParamName);
        Assert.Equal("top", Assert.Throws<ArgumentOutOfRangeException>(() => LogitScores.GeneralizedEntropy([1, 2], top: 0)).ParamName);
        Assert.Equal("gamma", Assert.Throws<ArgumentOutOfRangeException>(() => LogitScores.GeneralizedEntropy([1, 2], 0)).ParamName);
        Assert.Equal(
            "temperature", Assert.Throws<ArgumentOutOfRangeException>(() => LogitScores.MaxSoftmaxLogOdds([1, 2], 0)).ParamName);
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

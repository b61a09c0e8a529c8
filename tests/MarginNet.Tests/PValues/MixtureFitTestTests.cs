using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class MixtureFitTestTests
{
    [Fact]
    public void The_statistic_is_that_of_its_definition()
    {
        // The second by Python, from the sum as Anderson and Darling (1954) write it.
        Assert.Equal((2 * Math.Log(2)) - 1, MixtureFitTest.AndersonDarling([0.5]), 1e-15);
        Assert.Equal(0.2880055128458574, MixtureFitTest.AndersonDarling([0.1, 0.3, 0.5, 0.8]), 1e-12);
    }

    [Fact]
    public void A_right_mixture_is_rejected_about_as_often_as_the_level_says_though_it_was_fitted_to_the_same_sample()
    {
        const int Samples = 200;
        var p = Enumerable.Range(0, Samples).Select(seed => FitPValue(Draws.From(new(new MixtureComponent(1, 0, 1)), 100, seed))).ToArray();
        Assert.All(p, value => Assert.InRange(value, 1.0 / 100, 1));
        Assert.InRange(p.Count(value => value <= 0.1), 5, 40); // 20 expected; a limit that forgets the fit has none
        Assert.True(p.Count(value => value <= 0.5) > 60);
    }

    [Fact]
    public void What_no_mixture_describes_is_rejected()
    {
        var random = new Random(3);
        Assert.Equal(0.01, FitPValue([.. Enumerable.Range(0, 400).Select(i => i % 4 == 0 ? -random.NextDouble() : 0.0)]));
        Assert.Equal(0.01, FitPValue([.. Enumerable.Range(0, 1000).Select(_ => Math.Round(random.Normal()))]));
    }

    [Fact]
    public void The_test_is_the_same_each_time_and_can_be_left_out()
    {
        var values = Draws.From(new(new MixtureComponent(1, 0, 1)), 80, seed: 5);
        Assert.Equal(FitPValue(values), FitPValue(values));
        Assert.True(double.IsNaN(Fit(values, 0).FitPValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => Fit(values, -1));
    }

    private static double FitPValue(double[] logMargins) => Fit(logMargins, 99).FitPValue;

    private static NullDistribution Fit(double[] logMargins, int draws) => MarginNullModel.Fit(
        [.. logMargins.Select(Math.Exp)], new int[logMargins.Length], new int[logMargins.Length], 1, new() { FitTestDraws = draws }).Pooled;
}

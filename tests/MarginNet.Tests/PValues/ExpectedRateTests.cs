using MarginNet.PValues;
using MathNet.Numerics.Distributions;

namespace MarginNet.Tests.PValues;

public sealed class ExpectedRateTests
{
    private static readonly Lazy<MarginNullModel[]> Calibrations =
        new(() => [.. Enumerable.Range(0, 150).Select(seed => Calibrated(60, seed, classes: 3))]);

    [Fact]
    public void The_rate_of_one_class_has_the_Beta_distribution_of_its_rank()
    {
        var model = Calibrated(99, seed: 1);
        var rate = ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.05));
        Assert.Equal(0.05, rate.Mean, 1e-12);
        Assert.Equal(Beta.InvCDF(5, 95, 0.025), rate.Interval.Low, 1e-9);
        Assert.Equal(Beta.InvCDF(5, 95, 0.975), rate.Interval.High, 1e-9);
        Assert.Equal(0.01, rate.SmallestPValues.Single(), 1e-12);
    }

    [Theory]
    [InlineData(NullKind.Class)]
    [InlineData(NullKind.Pooled)]
    [InlineData(NullKind.ErrorWeighted)]
    public void Fresh_rates_have_the_mean_and_lie_in_the_interval_as_often_as_it_says(NullKind kind)
    {
        const int Fresh = 3000;
        var (inside, sum) = (0, 0.0);
        foreach (var (seed, model) in Calibrations.Value.Index())
        {
            var rule = FlagRule.Calibrate(model, 0.1, kind);
            var rate = ExpectedRate.Compute(model, rule);
            Assert.InRange(rate.Mean, 0.099, 0.1 + 1e-9);
            var random = new Random(1000 + seed);
            var flagged = Enumerable.Range(0, Fresh).Count(i => rule.Flags(model.Score(Math.Exp(random.Normal() + (i % 3)), i % 3, kind)))
                / (double)Fresh;
            sum += flagged;
            // a deviation of the fresh sample itself
            inside += flagged >= rate.Interval.Low - 0.005 && flagged <= rate.Interval.High + 0.005 ? 1 : 0;
        }

        Assert.InRange(sum / Calibrations.Value.Length, 0.1 - 0.008, 0.1 + 0.008);
        Assert.InRange(inside / (double)Calibrations.Value.Length, 0.9, 1);
    }

    [Fact]
    public void A_threshold_that_the_samples_do_not_support_flags_nothing()
    {
        var model = Calibrated(30, seed: 2);
        var rate = ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.01));
        Assert.Equal((0, 0), (rate.Mean, rate.Interval.High));
        Assert.Equal(1.0 / 31, rate.SmallestPValues.Single(), 1e-12);
        Assert.Equal(0.01, ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.01, tail: PValueTail.Extrapolated)).Mean, 1e-12);
        Assert.Equal(
            2.0 / 31,
            ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.01, tail: PValueTail.TwoSided)).SmallestPValues.Single(),
            1e-12);
        Assert.Equal(1.0 / 31, ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.06, tail: PValueTail.Empirical)).Mean, 1e-12);
    }

    [Fact]
    public void A_class_without_samples_may_have_any_rate()
    {
        double[] margins = [.. Enumerable.Range(1, 40).Select(i => (double)i)];
        var model = MarginNullModel.Fit(margins, new int[40], new int[40], 2, new() { FitTestDraws = 0 });
        Assert.Equal(new(0, 1), ExpectedRate.Compute(model, FlagRule.Calibrate(model, 0.1)).Classes[1]);
    }

    private static MarginNullModel Calibrated(int count, int seed, int classes = 1)
    {
        var random = new Random(seed);
        int[] predicted = [.. Enumerable.Range(0, count * classes).Select(i => i % classes)];
        double[] margins = [.. predicted.Select(c => Math.Exp(random.Normal() + c))];
        return MarginNullModel.Fit(margins, predicted, predicted, classes, new() { FitTestDraws = 0 });
    }
}

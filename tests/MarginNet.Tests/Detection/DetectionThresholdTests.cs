using MarginNet.Detection;

namespace MarginNet.Tests.Detection;

public sealed class DetectionThresholdTests
{
    private static readonly double[] Typical = [0.9, 0.8, 0.8, 0.7, 0.7, 0.7, 0.6, 0.55, 0.4, 0.3];
    private static readonly double[] Atypical = [0.8, 0.5, 0.4, 0.4, 0.3, 0.2, 0.1, 0.65, 0.6, 0.05, 0.25];

    [Theory]
    [InlineData(0.0, 0.3, 0)]
    [InlineData(0.09, 0.3, 0)]
    [InlineData(0.1, 0.4, 1)]
    [InlineData(0.29, 0.55, 2)]
    [InlineData(0.4, 0.7, 4)]
    [InlineData(0.69, 0.7, 4)] // the three at 0.7 are flagged together or not at all
    [InlineData(0.7, 0.8, 7)]
    public void The_false_positive_rate_is_met_by_the_largest_number_that_meets_it(double alpha, double next, int flagged)
    {
        var chosen = DetectionThreshold.ForFalsePositiveRate(Typical, alpha, Atypical);
        Assert.Equal(Math.BitDecrement(next), chosen.Value);
        Assert.Equal(new Proportion(flagged, 10), chosen.FalsePositives);
        Assert.Equal(flagged, Typical.Count(chosen.Flags));
        Assert.Equal(new Proportion(Atypical.Count(chosen.Flags), 11), chosen.TruePositives);
    }

    [Fact]
    public void No_threshold_that_meets_the_rate_flags_more_atypical_samples()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            double[] typical = [.. Enumerable.Range(0, 1 + random.Next(30)).Select(_ => random.Next(40) / 4.0)];
            double[] atypical = [.. Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(30) / 4.0)];
            var alpha = random.NextDouble();
            var chosen = DetectionThreshold.ForFalsePositiveRate(typical, alpha, atypical);
            var best = typical.Concat(atypical)
                .Append(-1)
                .Where(t => typical.Count(s => s <= t) <= alpha * typical.Length)
                .Max(t => atypical.Count(s => s <= t));
            Assert.Equal(best, chosen.TruePositives.Count);
            Assert.True(chosen.FalsePositives.Rate <= alpha);
            Assert.True(typical.Count(s => s <= Math.BitIncrement(chosen.Value)) > alpha * typical.Length);
        }
    }

    [Fact]
    public void A_rate_that_is_no_binary_fraction_is_met_by_all_that_meet_it() =>
        Assert.Equal(
            29, DetectionThreshold.ForFalsePositiveRate([.. Enumerable.Range(0, 100).Select(i => (double)i)], 0.29).FalsePositives.Count);

    [Fact]
    public void Typical_samples_alone_choose_the_same_threshold()
    {
        var chosen = DetectionThreshold.ForFalsePositiveRate(Typical, 0.3);
        Assert.Equal(DetectionThreshold.ForFalsePositiveRate(Typical, 0.3, Atypical).Value, chosen.Value);
        Assert.Equal(0, chosen.TruePositives.Total);
    }

    [Fact]
    public void Youden_and_cost_are_the_best_of_all_thresholds()
    {
        var youden = DetectionThreshold.ByYouden(Typical, Atypical);
        Assert.Equal(
            Thresholds().Max(t => Rate(Atypical, t) - Rate(Typical, t)), youden.TruePositives.Rate - youden.FalsePositives.Rate, 1e-15);
        foreach (var ratio in new[] { 0.01, 0.3, 1, 3, 100 })
        {
            var chosen = DetectionThreshold.ByCost(Typical, Atypical, ratio);
            Assert.Equal(Thresholds().Min(Cost), Cost(chosen.Value), 1e-12);
            Assert.Equal(Typical.Count(chosen.Flags), chosen.FalsePositives.Count);
            Assert.Equal(Atypical.Count(chosen.Flags), chosen.TruePositives.Count);

            double Cost(double t) => (ratio * Atypical.Count(s => s > t)) + Typical.Count(s => s <= t);
        }

        static double Rate(double[] scores, double threshold) => scores.Count(s => s <= threshold) / (double)scores.Length;
        static IEnumerable<double> Thresholds() => [double.NegativeInfinity, .. Typical, .. Atypical];
    }

    [Fact]
    public void A_dearer_miss_never_lowers_the_threshold()
    {
        var previous = double.NegativeInfinity;
        for (var ratio = 0.01; ratio < 100; ratio *= 1.5)
        {
            var value = DetectionThreshold.ByCost(Typical, Atypical, ratio).Value;
            Assert.True(value >= previous);
            previous = value;
        }
    }

    [Fact]
    public void A_useless_score_flags_nothing() =>
        Assert.Equal(double.NegativeInfinity, DetectionThreshold.ByYouden([0, 0.1], [0.9, 1]).Value);

    [Fact]
    public void Scores_of_minus_infinity_are_flagged_by_every_threshold_and_counted()
    {
        var chosen = DetectionThreshold.ByYouden([double.NegativeInfinity, 5], [double.NegativeInfinity, 9]);
        Assert.Equal(double.NegativeInfinity, chosen.Value);
        Assert.Equal(new Proportion(1, 2), chosen.FalsePositives);
        Assert.Equal(new Proportion(1, 2), chosen.TruePositives);
    }

    [Fact]
    public void Arguments_out_of_range_are_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DetectionThreshold.ForFalsePositiveRate([1], 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DetectionThreshold.ForFalsePositiveRate([1], double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => DetectionThreshold.ByCost([1], [0], 0));
        Assert.Throws<ArgumentException>(() => DetectionThreshold.ForFalsePositiveRate([], 0.1));
        Assert.Throws<ArgumentException>(() => DetectionThreshold.ByYouden([1], []));
        Assert.Contains(
            "index 1",
            Assert.Throws<ArgumentException>(() => DetectionThreshold.ByYouden([1, double.NaN], [1])).Message,
            StringComparison.Ordinal);
    }
}

using MarginNet.Audit;
using MarginNet.Tests.PValues;

namespace MarginNet.Tests.Audit;

public sealed class TwoGroupModelTests
{
    private const int Count = 4000;
    private const int Runs = 20;

    /// <summary>What a model flags of draws, in all runs together.</summary>
    private sealed record Outcome(int Told, int Flagged, int False, double MeanShare)
    {
        public double FalseShare => (double)False / Flagged;
    }

    private static Outcome Simulate(double share, Func<Random, double> wrong, Func<Random, double> right, double alpha, int first = 0)
    {
        var (told, flagged, falsely, shares) = (0, 0, 0, 0.0);
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(first + run);
            bool[] isWrong = [.. Enumerable.Range(0, Count).Select(_ => random.NextDouble() < share)];
            double[] values = [.. isWrong.Select(one => one ? wrong(random) : right(random))];
            if (TwoGroupModel.Fit(values).Model is not { } model)
            {
                continue;
            }

            var (p, adjusted) = (new double[Count], new double[Count]);
            model.Judge(values, p, adjusted);
            told++;
            shares += model.WrongShare;
            flagged += adjusted.Count(q => q <= alpha);
            falsely += Enumerable.Range(0, Count).Count(i => adjusted[i] <= alpha && !isWrong[i]);
        }

        return new(told, flagged, falsely, shares / told);
    }

    /// <summary>The estimates err, so that the share is a little off in each run: within 0.05, with 200 wrong labels
    /// and the parts 3.6 deviations apart.</summary>
    [Theory]
    [InlineData(0.1, 0.1)]
    [InlineData(0.3, 0.05)]
    [InlineData(0.05, 0.2)]
    public void Of_the_flagged_at_most_a_share_alpha_is_right_where_the_model_holds(double share, double alpha)
    {
        double Right(Random random) => 20 + (15 * random.Normal()) - (4 * Math.Abs(random.Normal()));
        var outcome = Simulate(share, random => -30 + (10 * random.Normal()), Right, alpha);
        Assert.Equal(Runs, outcome.Told);
        Assert.InRange(outcome.FalseShare, 0.2 * alpha, alpha + 0.05);
        Assert.Equal(share, outcome.MeanShare, 0.02);
        Assert.InRange(outcome.Flagged, 0.3 * share * Count * Runs, 1.3 * share * Count * Runs);
    }

    /// <summary>A law that is not of the model: right labels with the tails of a t law of 5 degrees. The tail is taken for wrong labels,
    /// so the bound is exceeded, by less than 0.15 here: docs/audit.md says so.</summary>
    [Fact]
    public void Heavy_tails_of_right_labels_exceed_the_bound_by_little()
    {
        var outcome = Simulate(0.2, random => -20 + (8 * random.Normal()), random => 20 + (10 * StudentT(random, 5)), alpha: 0.1);
        Assert.InRange(outcome.FalseShare, 0, 0.25);
    }

    public static TheoryData<string> OnePart => new() { "normal", "skewed", "heavy" };

    [Theory]
    [MemberData(nameof(OnePart))]
    public void Nothing_is_told_of_one_hump(string shape)
    {
        double Draw(Random random) => 5 + (20 * shape switch
        {
            "normal" => random.Normal(),
            "skewed" => 3 - (0.375 * Enumerable.Range(0, 8).Sum(_ => -Math.Log(1 - random.NextDouble()))), // of skewness −0.7
            _ => StudentT(random, 5),
        });

        Assert.Equal(0, Simulate(0.5, Draw, Draw, alpha: 0.1).Told);
    }

    [Fact]
    public void Nothing_is_told_of_parts_that_are_not_apart_or_both_win_or_of_few_or_equal_values()
    {
        var near = Simulate(0.3, random => -5 + (10 * random.Normal()), random => 5 + (10 * random.Normal()), alpha: 0.1);
        Assert.Equal(0, near.Told);
        Assert.Equal(0, Simulate(0.2, random => 20 + random.Normal(), random => 30 + random.Normal(), alpha: 0.1).Told);
        Assert.Contains("150 samples", TwoGroupModel.Fit(new double[150]).Doubt, StringComparison.Ordinal);
        Assert.Contains("equal", TwoGroupModel.Fit(new double[500]).Doubt, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => TwoGroupModel.Fit([1, double.NaN]));
    }

    [Fact]
    public void Adjusted_values_rise_with_the_statistic_and_are_means_of_the_posterior()
    {
        var model = new TwoGroupModel(0.2, new(-2, 0, 1), new(2, 0, 1), BicGain: 1);
        double[] values = [0.5, -3, 2, -3, -1];
        var (p, adjusted) = (new double[5], new double[5]);
        model.Judge(values, p, adjusted);
        Assert.All(values, (x, i) => Assert.Equal(model.PValue(x), p[i]));
        var lowest = model.RightProbability(-3);
        Assert.Equal(lowest, adjusted[1], 1e-12);
        Assert.Equal(lowest, adjusted[3], 1e-12);
        Assert.Equal(((2 * lowest) + model.RightProbability(-1)) / 3, adjusted[4], 1e-12);
        Assert.Equal(values.Average(model.RightProbability), adjusted[2], 1e-12);
        // Bayes: odds 0.8/0.2 times the ratio of densities exp(4x).
        Assert.Equal(1 / (1 + (0.25 * Math.Exp(-4 * 0.5))), model.RightProbability(0.5), 1e-12);
    }

    private static double StudentT(Random random, int degrees) =>
        random.Normal() / Math.Sqrt(Enumerable.Range(0, degrees).Sum(_ => Math.Pow(random.Normal(), 2)) / degrees);
}

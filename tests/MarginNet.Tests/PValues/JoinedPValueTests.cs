using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class JoinedPValueTests
{
    private const int Draws = 40_000;
    private static readonly double[] Alphas = [0.01, 0.05, 0.2];

    private delegate double Joining(params ReadOnlySpan<double> pValues);

    private static Joining Of(string name) => name switch
    {
        nameof(JoinedPValue.Fisher) => JoinedPValue.Fisher,
        nameof(JoinedPValue.Cauchy) => JoinedPValue.Cauchy,
        _ => JoinedPValue.HarmonicMean,
    };

    [Theory]
    [InlineData(nameof(JoinedPValue.Fisher), 2, true)]
    [InlineData(nameof(JoinedPValue.Fisher), 5, true)]
    [InlineData(nameof(JoinedPValue.Cauchy), 2, true)]
    [InlineData(nameof(JoinedPValue.Cauchy), 5, true)]
    [InlineData(nameof(JoinedPValue.HarmonicMean), 2, false)]
    [InlineData(nameof(JoinedPValue.HarmonicMean), 5, false)]
    public void Of_independent_p_values_all_keep_their_level_and_two_are_exact(string name, int count, bool isExact)
    {
        var random = new Random(count);
        var rates = Rates(name, () => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())]);
        Assert.All(rates.Zip(Alphas), rate =>
        {
            Assert.True(rate.First <= rate.Second + Error(rate.Second), $"{rate}");
            Assert.True(!isExact || rate.First >= rate.Second - Error(rate.Second), $"{rate}");
        });
    }

    /// <summary>One p-value twice, opposite ones, and those of normal statistics with a correlation of 0.9 and of −0.9.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    [InlineData(0.9)]
    [InlineData(-0.9)]
    public void Of_dependent_p_values_the_harmonic_mean_keeps_its_level(double correlation)
    {
        var rates = Rates(nameof(JoinedPValue.HarmonicMean), Dependent(new Random(1), correlation));
        Assert.All(rates.Zip(Alphas), rate => Assert.True(rate.First <= rate.Second + Error(rate.Second), $"{rate}"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.9)]
    [InlineData(-0.9)]
    public void Of_normal_statistics_Cauchy_keeps_small_levels_and_Fisher_does_not_where_they_agree(double correlation)
    {
        var cauchy = Rates(nameof(JoinedPValue.Cauchy), Dependent(new Random(2), correlation));
        Assert.True(cauchy[0] <= (1.1 * Alphas[0]) + Error(Alphas[0]), $"{cauchy[0]}"); // a limit: a tenth is allowed for at 0.01
        var fisher = Rates(nameof(JoinedPValue.Fisher), Dependent(new Random(2), correlation));
        Assert.Equal(correlation > 0, fisher[0] > (1.5 * Alphas[0]) + Error(Alphas[0]));
    }

    [Fact]
    public void They_are_their_formulas()
    {
        Assert.Equal(0.06 * (1 - Math.Log(0.06)), JoinedPValue.Fisher(0.2, 0.3), 1e-15); // q(1 − log q) of the product q of two
        Assert.Equal(
            0.5 - (Math.Atan((Math.Tan(0.3 * Math.PI) + Math.Tan(-0.4 * Math.PI)) / 2) / Math.PI), JoinedPValue.Cauchy(0.2, 0.9), 1e-14);
        Assert.Equal(2 * 2 / (10 + 5.0), JoinedPValue.HarmonicMean(0.1, 0.2), 1e-15);
        Assert.Equal(Math.E * Math.Log(4) * 4 / (100 + 3), JoinedPValue.HarmonicMean(0.01, 1, 1, 1), 1e-15);
    }

    [Theory]
    [InlineData(nameof(JoinedPValue.Fisher))]
    [InlineData(nameof(JoinedPValue.Cauchy))]
    [InlineData(nameof(JoinedPValue.HarmonicMean))]
    public void One_stays_as_it_is_order_does_not_count_and_the_smaller_the_smaller(string name)
    {
        var join = Of(name);
        foreach (var p in new[] { 0, 1e-300, 1e-9, 0.2, 0.5, 0.8, 1 - 1e-9, 1 })
            Assert.Equal(p, join(p), 1e-15 + (1e-12 * p));
        Assert.Equal(join(0.1, 0.7), join(0.7, 0.1), 1e-15);
        double[] rising = [0, 1e-200, 1e-8, 0.01, 0.3, 0.6, 0.99];
        Assert.All(rising.Zip(rising.Skip(1)), pair => Assert.True(join(pair.First, 0.4) < join(pair.Second, 0.4) || pair.Second < 1e-100));
        Assert.Equal(0, join(0, 1));
        Assert.Equal(1, join(1, 1), 1e-12);
        Assert.Contains("index 1 is 2", Assert.Throws<ArgumentException>(() => join(0.5, 2)).Message);
        Assert.Throws<ArgumentException>(() => join(double.NaN));
        Assert.Throws<ArgumentException>(() => join());
    }

    private static double Error(double alpha) => 5 * Math.Sqrt(alpha * (1 - alpha) / Draws);

    private static double[] Rates(string name, Func<double[]> draw)
    {
        var (join, counts) = (Of(name), new int[Alphas.Length]);
        for (var i = 0; i < Draws; i++)
        {
            var p = join(draw());
            for (var a = 0; a < Alphas.Length; a++)
                counts[a] += p <= Alphas[a] ? 1 : 0;
        }

        return [.. counts.Select(count => (double)count / Draws)];
    }

    private static Func<double[]> Dependent(Random random, double correlation) => () =>
    {
        var x = random.Normal();
        var y = (correlation * x) + (Math.Sqrt(1 - (correlation * correlation)) * random.Normal());
        return [Normal.LowerTail(x), Normal.LowerTail(y)];
    };
}

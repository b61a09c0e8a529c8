using MarginNet.Drift;
using MathNet.Numerics;

namespace MarginNet.Tests.Drift;

public sealed class TestMartingaleTests
{
    public static TheoryData<string> Names => ["mean", "jumper", "mixture", "power 0.5", "power 0.9"];

    private static TestMartingale Create(string name) => name switch
    {
        "mean" => new MeanMartingale(new SimpleJumper(), new PowerMixture()),
        "jumper" => new SimpleJumper(),
        "mixture" => new PowerMixture(),
        "power 0.5" => new PowerMartingale(0.5),
        _ => new PowerMartingale(0.9),
    };

    private static double[] Draw(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_uniform_stream_ever_passes_one_in_alpha_with_a_probability_of_at_most_alpha(string name)
    {
        const int Streams = 2000;
        const double Alpha = 0.1;
        var alarms = Enumerable.Range(0, Streams).Count(stream =>
        {
            var martingale = Create(name);
            return Draw(200, stream).Any(p => martingale.Add(p) is var _ && martingale.LogValue >= -Math.Log(Alpha));
        });
        // Five standard errors of a binomial count; and not none, as of one that does not bet.
        Assert.InRange(alarms, 1, (Alpha * Streams) + (5 * Math.Sqrt(Streams * Alpha * (1 - Alpha))));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Small_p_values_are_evidence(string name)
    {
        var martingale = Create(name);
        Assert.All(Draw(400, 1), p => martingale.Add(p * p));
        Assert.True(martingale.LogValue > Math.Log(1000), $"{martingale.LogValue}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_p_value_of_zero_is_finite_evidence(string name)
    {
        var martingale = Create(name);
        martingale.Add(0);
        martingale.Add(0);
        Assert.True(double.IsFinite(martingale.LogValue) && martingale.LogValue > 0);
        Assert.True(double.IsFinite(martingale.Add(1)));
    }

    [Fact]
    public void The_power_bets_what_its_formula_says()
    {
        foreach (var (exponent, p) in new[] { (0.5, 0.25), (0.9, 1e-9), (1, 0.3) })
        {
            var expected = exponent * Math.Pow(p, exponent - 1);
            Assert.Equal(expected, Math.Exp(new PowerMartingale(exponent).Add(p)), 1e-12 * expected);
        }
    }

    [Fact]
    public void The_mixture_is_the_mean_of_the_powers()
    {
        const int Powers = 20_000;
        var mixture = new PowerMixture();
        var powers = Enumerable.Range(0, Powers).Select(i => new PowerMartingale((i + 0.5) / Powers)).ToArray();
        foreach (var p in Draw(30, 3).Select(p => p * p))
        {
            mixture.Add(p);
            Array.ForEach(powers, power => power.Add(p));
            var expected = powers.Average(power => Math.Exp(power.LogValue));
            Assert.Equal(expected, Math.Exp(mixture.LogValue), 1e-6 * expected);
        }
    }

    [Theory]
    [InlineData(1, 1e-6)]
    [InlineData(1, 700)]
    [InlineData(10, 12.5)]
    [InlineData(1000, 900)]
    [InlineData(1000, 1000)]
    [InlineData(1000, 1300)]
    [InlineData(100_000, 100_500)]
    public void The_mixture_is_the_incomplete_gamma_function_in_logarithms(double n, double l)
    {
        // Σ Lᵏ/((n + 1) … (n + 1 + k)), all of whose terms are positive; the largest is at k = L − n.
        var (term, sum) = (1 / (n + 1), 0.0);
        for (var k = 1; term > 1e-18 * sum; k++)
        {
            sum += term;
            term *= l / (n + 1 + k);
        }

        Assert.Equal(Math.Log(sum), PowerMixture.LogIntegral(n, l), 1e-9 * Math.Max(1, l));
        if (n < 100)
        {
            var byGamma = l + Math.Log(SpecialFunctions.GammaLowerIncomplete(n + 1, l)) - ((n + 1) * Math.Log(l));
            Assert.Equal(byGamma, PowerMixture.LogIntegral(n, l), 1e-6);
        }
    }

    [Fact]
    public void The_mean_is_the_mean_capital()
    {
        TestMartingale[] parts = [new SimpleJumper(), new PowerMixture(), new PowerMartingale(0.5)];
        var mean = new MeanMartingale(new SimpleJumper(), new PowerMixture(), new PowerMartingale(0.5));
        foreach (var p in Draw(100, 10).Select(p => p * p))
        {
            mean.Add(p);
            Array.ForEach(parts, part => part.Add(p));
            Assert.Equal(Math.Log(parts.Average(part => Math.Exp(part.LogValue))), mean.LogValue, 1e-10);
        }

        Assert.Throws<ArgumentException>(() => new MeanMartingale());
    }

    [Fact]
    public void The_simple_jumper_is_the_algorithm_of_its_paper()
    {
        var jumper = new SimpleJumper(0.05);
        double[] bets = [-1, 0, 1];
        double[] capital = [1.0 / 3, 1.0 / 3, 1.0 / 3];
        foreach (var p in Draw(500, 4))
        {
            var all = capital.Sum();
            capital = [.. bets.Zip(capital, (bet, own) => ((0.95 * own) + (0.05 / 3 * all)) * (1 + (bet * (p - 0.5))))];
            jumper.Add(p);
            Assert.Equal(Math.Log(capital.Sum()), jumper.LogValue, 1e-10);
        }
    }

    [Fact]
    public void The_simple_jumper_is_fair_after_any_history()
    {
        var jumper = new SimpleJumper();
        Assert.All(Draw(50, 5), p => jumper.Add(p * p));
        double Factor(double p)
        {
            var copy = new SimpleJumper();
            copy.Restore(jumper.ToNumbers());
            return Math.Exp(copy.Add(p));
        }

        // The bet is linear in p, so that its integral is its mean at p and 1 − p.
        Assert.All(Draw(20, 6), p => Assert.Equal(1, (Factor(p) + Factor(1 - p)) / 2, 1e-12));
        Assert.NotEqual(1, Factor(0), 0.1);
    }

    [Fact]
    public void What_is_no_p_value_or_parameter_is_refused()
    {
        Assert.All([-0.1, 1.1, double.NaN], p => Assert.Throws<ArgumentOutOfRangeException>(() => new SimpleJumper().Add(p)));
        Assert.All([0, 1.1, double.NaN], exponent => Assert.Throws<ArgumentOutOfRangeException>(() => new PowerMartingale(exponent)));
        Assert.All([-0.1, 1.1, double.NaN], rate => Assert.Throws<ArgumentOutOfRangeException>(() => new SimpleJumper(rate)));
    }
}

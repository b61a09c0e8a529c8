using MarginNet.Audit;
using MarginNet.PValues;
using MarginNet.Tests.PValues;

namespace MarginNet.Tests.Audit;

public sealed class SkewNormalTests
{
    public static TheoryData<double, double, double> Laws => new() { { 1, 0, 2 }, { -3, 4, 0.5 }, { 10, -2, 1 }, { 0, 0.7, 3 } };

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_lower_tail_is_the_integral_of_the_density(double location, double skew, double scale)
    {
        var law = new SkewNormal(location, skew, scale);
        var (low, step, sum) = (law.Mean - (10 * law.StandardDeviation), law.StandardDeviation / 500, 0.0);
        for (var i = 0; i < 10_000; i++)
        {
            var x = low + (i * step);
            sum += step * Math.Exp(law.LogDensity(x + (step / 2)));
            if (i % 500 == 0)
            {
                Assert.Equal(sum, law.LowerTail(x + step), 1e-5);
            }
        }

        Assert.Equal(1, sum, 1e-6);
        Assert.Equal((0, 1), (law.LowerTail(double.NegativeInfinity), law.LowerTail(double.PositiveInfinity)));
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Its_mean_and_deviation_are_those_of_what_it_draws(double location, double skew, double scale)
    {
        var law = new SkewNormal(location, skew, scale);
        var random = new Random(1);
        double[] draws = [.. Enumerable.Range(0, 100_000).Select(_ => law.Draw(random))];
        var error = law.StandardDeviation / Math.Sqrt(draws.Length);
        Assert.InRange(draws.Average() - law.Mean, -5 * error, 5 * error);
        Assert.Equal(law.StandardDeviation, Math.Sqrt(draws.Average(x => Math.Pow(x - law.Mean, 2))), 0.02 * law.StandardDeviation);
    }

    [Fact]
    public void Without_skew_it_is_the_normal_law()
    {
        var (law, normal) = (new SkewNormal(2, 0, 3), new GaussianMixture(new MixtureComponent(1, 2, 3)));
        foreach (var x in new[] { -40.0, -3, 2, 5, 30 })
        {
            Assert.Equal(normal.LogDensity(x), law.LogDensity(x), 1e-9);
            Assert.Equal(normal.LowerTail(x), law.LowerTail(x), 1e-12);
        }
    }

    [Fact]
    public void Each_iteration_never_lowers_the_log_likelihood()
    {
        var random = new Random(2);
        double[] values = [.. Enumerable.Range(0, 2000).Select(i => i % 5 == 0 ? random.Normal() - 4 : Math.Abs(random.Normal()) * 2)];
        var cells = WeightedCells.Of(values)!;
        var fit = new SkewNormalMixture([0.5, 0.5], [new(-1, 0.2, 1), new(1, -0.2, 1)], double.NegativeInfinity).Iterate(cells);
        for (var i = 0; i < 200; i++)
        {
            var next = fit.Iterate(cells);
            Assert.True(next.LogLikelihood >= fit.LogLikelihood - 1e-7, $"{fit.LogLikelihood} then {next.LogLikelihood} in {i}.");
            fit = next;
        }
    }
}

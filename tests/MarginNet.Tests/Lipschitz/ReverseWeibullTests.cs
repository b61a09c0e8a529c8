using MarginNet.Lipschitz;
using MathNet.Numerics.Statistics;

namespace MarginNet.Tests.Lipschitz;

public sealed class ReverseWeibullTests
{
    [Theory]
    [InlineData(2, 0.5, 3, 0.02)]
    [InlineData(10, 2, 2.5, 0.02)]
    [InlineData(-1, 1, 5, 0.12)]
    public void The_numbers_of_a_distribution_are_found_again_from_draws(double location, double scale, double shape, double tolerance)
    {
        var fits = Enumerable.Range(0, 21)
            .Select(seed => ReverseWeibull.Fit(Draw(new(location, scale, shape), 1000, seed)))
            .OfType<ReverseWeibull>()
            .ToArray();
        Assert.True(fits.Length >= 20);
        // 21 fits of 1000: a quarter of their spread or so.
        Assert.Equal(location, fits.Select(fit => fit.Location).Median(), tolerance * scale);
        Assert.Equal(scale, fits.Select(fit => fit.Scale).Median(), 2 * tolerance * scale);
        Assert.Equal(shape, fits.Select(fit => fit.Shape).Median(), 4 * tolerance * shape);
    }

    [Fact]
    public void No_point_of_a_fine_grid_with_an_end_point_in_reach_is_likelier()
    {
        for (var seed = 0; seed < 3; seed++)
        {
            var values = Draw(new(3, 1, 4), 200, seed);
            var fit = ReverseWeibull.Fit(values)!;
            var best = LogLikelihood(values, fit);
            for (var a = values.Max() + 0.002; a < values.Max() + 3; a *= 1.03)
            {
                for (var b = 0.3; b < 4; b *= 1.1)
                {
                    for (var c = 1.05; c < 20; c *= 1.1)
                    {
                        Assert.True(LogLikelihood(values, new(a, b, c)) <= best + 1e-6);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_fit_moves_with_its_numbers_and_scales_with_them()
    {
        var values = Draw(new(3, 1, 3), 300, 1);
        var (fit, moved) = (ReverseWeibull.Fit(values)!, ReverseWeibull.Fit(Array.ConvertAll(values, value => 5 + (1e3 * value)))!);
        Assert.Equal(5 + (1e3 * fit.Location), moved.Location, 1e-3);
        Assert.Equal(1e3 * fit.Scale, moved.Scale, 1e-3);
        Assert.Equal(fit.Shape, moved.Shape, 1e-4);
        Assert.True(fit.Location > values.Max());
    }

    [Fact]
    public void What_has_no_end_point_in_reach_or_a_pole_at_it_has_no_fit()
    {
        var random = new Random(4);
        Assert.Null(ReverseWeibull.Fit(new double[50])); // All zero.
        Assert.Null(ReverseWeibull.Fit(Enumerable.Repeat(7.5, 50).ToArray()));
        Assert.Null(ReverseWeibull.Fit([1, 1 + 1e-8, 1 - 1e-8, 1]));
        // Fréchet: no end at all.
        Assert.Null(ReverseWeibull.Fit([.. Enumerable.Range(0, 500).Select(_ => Math.Pow(-Math.Log(random.NextDouble()), -0.5))]));
        // Shape 1/2.
        Assert.Null(ReverseWeibull.Fit([.. Enumerable.Range(0, 500).Select(_ => -Math.Pow(-Math.Log(random.NextDouble()), 2))]));
        Assert.Throws<ArgumentException>(() => ReverseWeibull.Fit([1]));
        Assert.Throws<ArgumentException>(() => ReverseWeibull.Fit([1, double.NaN]));
    }

    [Fact]
    public void The_distribution_function_is_that_of_the_draws()
    {
        var distribution = new ReverseWeibull(2, 0.5, 3);
        Assert.Equal(1, distribution.Cdf(2));
        Assert.Equal(1, distribution.Cdf(9));
        Assert.Equal(Math.Exp(-1), distribution.Cdf(1.5), 1e-15);
        var p = Enumerable.Range(0, 200)
            .Select(seed => KolmogorovSmirnov.PValue(KolmogorovSmirnov.Distance(Draw(distribution, 100, seed), distribution.Cdf), 100))
            .ToArray();
        Assert.InRange(p.Count(value => value < 0.5), 70, 130); // p-values are uniform: 100 ± 4 deviations.
        Assert.InRange(p.Count(value => value < 0.05), 1, 24);
    }

    [Theory]
    [InlineData(1.2238, 0.1)]
    [InlineData(1.3581, 0.05)]
    [InlineData(1.6276, 0.01)]
    // Smirnov (1948), as in every table since.
    public void The_quantiles_of_Kolmogorovs_limit_are_the_tables(double lambda, double expected) =>
        Assert.Equal(expected, KolmogorovSmirnov.PValue(lambda / 1e4, 100_000_000), 1e-4);

    [Fact]
    public void The_distance_is_the_largest_step_between_two_distribution_functions()
    {
        Assert.Equal(0.5, KolmogorovSmirnov.Distance([0.5], x => x), 1e-15);
        Assert.Equal(0.7, KolmogorovSmirnov.Distance([0.1, 0.2, 0.3], x => x), 1e-15);
        Assert.Equal(0.1, KolmogorovSmirnov.Distance([0.1, 0.3, 0.5, 0.7, 0.9], x => x), 1e-15);
        Assert.Equal(1, KolmogorovSmirnov.PValue(0.001, 50));
        Assert.Equal(0, KolmogorovSmirnov.PValue(1, 1000), 1e-12);
    }

    private static double[] Draw(ReverseWeibull distribution, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(
            _ => distribution.Location - (distribution.Scale * Math.Pow(-Math.Log(1 - random.NextDouble()), 1 / distribution.Shape)))];
    }

    private static double LogLikelihood(double[] values, ReverseWeibull d) =>
        values.Sum(y => Math.Log(d.Shape / d.Scale) + ((d.Shape - 1) * Math.Log((d.Location - y) / d.Scale))
            - Math.Pow((d.Location - y) / d.Scale, d.Shape));
}

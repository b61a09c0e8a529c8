using MarginNet.Backdoors;
using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace MarginNet.Tests.Backdoors;

public sealed class GammaNullTests
{
    private static double[] Draw(double shape, double scale, int count, int seed)
    {
        var draws = new double[count];
        Gamma.Samples(new Random(seed), draws, shape, 1 / scale);
        return draws;
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(9)]
    [InlineData(400)]
    public void No_neighbour_of_the_fit_is_likelier(double shape)
    {
        var draws = Draw(shape, 3, 9, seed: (int)(10 * shape));
        var fit = GammaNull.Fit(draws);
        double LogLikelihood(double k, double theta) => draws.Sum(x => Gamma.PDFLn(k, 1 / theta, x));
        var best = LogLikelihood(fit.Shape, fit.Scale);
        foreach (var factor in new[] { 0.9, 0.99, 1.01, 1.1 })
        {
            Assert.True(LogLikelihood(fit.Shape * factor, fit.Scale) < best);
            Assert.True(LogLikelihood(fit.Shape, fit.Scale * factor) < best);
            Assert.True(LogLikelihood(fit.Shape * factor, fit.Scale / factor) < best);
        }
    }

    /// <summary>The equations of the maximum: the mean of the law and of its logarithm are those of the numbers.</summary>
    [Theory]
    [InlineData(0.2)]
    [InlineData(20)]
    [InlineData(1e5)]
    public void The_means_of_the_numbers_and_of_their_logarithms_are_those_of_the_law(double shape)
    {
        var draws = Draw(shape, 0.1, 30, seed: 1);
        var fit = GammaNull.Fit(draws);
        Assert.Equal(draws.Average(), fit.Shape * fit.Scale, 1e-9 * draws.Average());
        Assert.Equal(draws.Average(Math.Log), SpecialFunctions.DiGamma(fit.Shape) + Math.Log(fit.Scale), 1e-9);
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(1e4)]
    public void The_fit_scales_with_its_numbers(double factor)
    {
        var draws = Draw(12, 1, 9, seed: 5);
        var (fit, scaled) = (GammaNull.Fit(draws), GammaNull.Fit(Array.ConvertAll(draws, x => factor * x)));
        Assert.Equal(fit.Shape, scaled.Shape, 1e-8 * fit.Shape);
        Assert.Equal(factor * fit.Scale, scaled.Scale, 1e-8 * factor * fit.Scale);
    }

    /// <summary>Those of whole shapes are sums: e^−y Σ yⁱ/i!.</summary>
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 40)]
    [InlineData(3, 5)]
    [InlineData(3, 60)]
    public void The_upper_tail_of_a_whole_shape_is_its_closed_form(int shape, double y)
    {
        var term = Math.Exp(-y);
        var sum = term;
        for (var i = 1; i < shape; i++)
        {
            sum += term *= y / i;
        }

        Assert.Equal(1, new GammaNull(shape, 7).UpperTail(7 * y) / sum, 1e-10);
    }

    [Fact]
    public void Numbers_without_a_fit_are_refused()
    {
        Assert.Contains("above 0", Assert.Throws<ArgumentException>(() => GammaNull.Fit([1, 0, 2])).Message, StringComparison.Ordinal);
        Assert.Contains("got 1", Assert.Throws<ArgumentException>(() => GammaNull.Fit([1])).Message, StringComparison.Ordinal);
        Assert.Contains("alike", Assert.Throws<ArgumentException>(() => GammaNull.Fit([2, 2, 2])).Message, StringComparison.Ordinal);
    }
}

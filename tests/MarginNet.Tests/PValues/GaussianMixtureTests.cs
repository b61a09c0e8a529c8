using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class GaussianMixtureTests
{
    private static readonly GaussianMixture Three = new(new(0.6, 2.3, 0.25), new(0.3, 1.4, 0.5), new(0.1, -0.5, 0.9));

    // Σ w erfc((m − x)/(σ√2))/2 with 40 digits by mpmath.
    [Theory]
    [InlineData(-25, 1.7724481354076212e-164)]
    [InlineData(-10, 2.3939936399910822e-27)]
    [InlineData(-3, 0.00027366017862441474)]
    [InlineData(0, 0.071840803023731183)]
    [InlineData(1.4, 0.2483573270229831)]
    [InlineData(2.3, 0.68912771186937074)]
    public void The_lower_tail_is_exact_to_a_relative_1e_minus_12(double x, double expected) =>
        Assert.Equal(1, Three.LowerTail(x) / expected, 1e-12);

    [Fact]
    public void The_upper_tail_of_a_mixture_is_the_lower_tail_of_its_mirror_image()
    {
        var mirrored = new GaussianMixture([.. Three.Components.Select(c => c with { Mean = -c.Mean })]);
        for (var x = -12.0; x < 12; x += 0.37)
            Assert.Equal(Three.UpperTail(x), mirrored.LowerTail(-x));
    }

    [Fact]
    public void The_two_tails_sum_to_one()
    {
        for (var x = -12.0; x < 12; x += 0.37)
            Assert.Equal(1, Three.LowerTail(x) + Three.UpperTail(x), 1e-15);
    }

    [Fact]
    public void The_density_is_the_slope_of_the_lower_tail()
    {
        const double Step = 1e-5;
        for (var x = -3.0; x < 4; x += 0.17)
        {
            var slope = (Three.LowerTail(x + Step) - Three.LowerTail(x - Step)) / (2 * Step);
            Assert.Equal(slope, Math.Exp(Three.LogDensity(x)), 1e-8); // central difference: O(step²) and rounding/step
        }
    }

    [Fact]
    public void The_log_density_stays_finite_where_the_density_is_not_a_number_above_zero() =>
        Assert.Equal(-0.5e8, new GaussianMixture(new MixtureComponent(1, 0, 1)).LogDensity(1e4), 1.0);

    [Fact]
    public void The_log_likelihood_of_a_single_component_is_the_closed_form()
    {
        double[] values = [1, 2, 4];
        var mixture = new GaussianMixture(new MixtureComponent(1, 2, 0.5));
        var expected = (-1.5 * Math.Log(2 * Math.PI)) - (3 * Math.Log(0.5)) - ((1 + 0 + 4) / 0.5);
        Assert.Equal(expected, mixture.LogLikelihood(values), 1e-12);
        Assert.Equal((-2 * expected) + (2 * Math.Log(3)), mixture.Bic(values), 1e-12);
    }

    [Fact]
    public void A_mixture_of_K_components_has_3K_minus_1_parameters() => Assert.Equal(8, Three.ParameterCount);

    [Fact]
    public void Mixtures_with_equal_components_are_equal()
    {
        Assert.Equal(Three, new GaussianMixture([.. Three.Components]));
        Assert.NotEqual(Three, new GaussianMixture(new MixtureComponent(1, 0, 1)));
    }

    [Theory]
    [InlineData(0.0, 0.0, 1.0)]
    [InlineData(0.5, 0.0, 1.0)]
    [InlineData(1.0, double.NaN, 1.0)]
    [InlineData(1.0, 0.0, 0.0)]
    [InlineData(1.0, 0.0, double.PositiveInfinity)]
    public void A_component_that_is_no_distribution_is_rejected(double weight, double mean, double deviation) =>
        Assert.Throws<ArgumentException>(() => new GaussianMixture(new MixtureComponent(weight, mean, deviation)));

    [Fact]
    public void A_mixture_of_nothing_is_rejected() => Assert.Throws<ArgumentException>(() => new GaussianMixture());
}

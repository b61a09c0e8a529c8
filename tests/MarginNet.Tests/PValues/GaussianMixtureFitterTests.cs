using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class GaussianMixtureFitterTests
{
    private static readonly GaussianMixture Three = new(new(0.1, -0.5, 0.9), new(0.3, 1.4, 0.5), new(0.6, 2.3, 0.25));

    // The best of 20 k-means starts of scikit-learn 1.2.1 at tolerance 1e-12.
    [Theory]
    [InlineData(2, -276.36004)]
    [InlineData(3, -267.89233)]
    [InlineData(4, -257.45849)]
    public void Old_Faithful_is_fitted_at_least_as_well_as_by_scikit_learn(int order, double logLikelihood)
    {
        // The figures are rounded to five decimals.
        var fit = GaussianMixtureFitter.Fit(OldFaithful.Eruptions).Orders[order - 1];
        Assert.True(fit.LogLikelihood >= logLikelihood - 5e-6, $"{fit.LogLikelihood}");
        Assert.Equal(order, fit.Mixture.Components.Length);
        Assert.True(fit.Converged);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(20_000)]
    public void One_component_has_the_mean_and_the_deviation_of_the_data(int count)
    {
        var values = Draws.From(Three, count, seed: count);
        var mean = values.Average();
        var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
        var component = Assert.Single(GaussianMixtureFitter.Fit(values, new() { MaxComponents = 1 }).Mixture.Components);
        Assert.Equal(1, component.Weight);
        Assert.Equal(mean, component.Mean, 1e-12);
        if (count > 1)
            Assert.Equal(deviation, component.StandardDeviation, 1e-12);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1000, -5)]
    [InlineData(1e-6, 1e-3)]
    [InlineData(1, 1e4)]
    public void Shifting_and_scaling_the_data_shifts_and_scales_the_mixture(double scale, double shift)
    {
        var values = Draws.From(Three, 3000, seed: 1);
        var plain = GaussianMixtureFitter.Fit(values);
        var moved = GaussianMixtureFitter.Fit([.. values.Select(value => (value * scale) + shift)]);
        Assert.Equal(plain.Mixture.Components.Length, moved.Mixture.Components.Length);
        Assert.Equal(plain.LogLikelihood - (values.Length * Math.Log(scale)), moved.LogLikelihood, 1e-4);
        foreach (var (before, after) in plain.Mixture.Components.Zip(moved.Mixture.Components))
        {
            // A fit stops at a gain of 1e-8 per value, which leaves about 1e-4 of freedom in the parameters.
            Assert.Equal(before.Weight, after.Weight, 1e-3);
            Assert.Equal(before.Mean, (after.Mean - shift) / scale, 1e-3);
            Assert.Equal(before.StandardDeviation, after.StandardDeviation / scale, 1e-3);
        }
    }

    [Fact]
    public void The_order_of_the_data_does_not_matter()
    {
        var values = Draws.From(Three, 6000, seed: 4);
        var shuffled = values.ToArray();
        new Random(5).Shuffle(shuffled);
        Assert.Equal(Describe(GaussianMixtureFitter.Fit(values)), Describe(GaussianMixtureFitter.Fit(shuffled)));
    }

    [Fact]
    public void Equal_calls_give_equal_bits()
    {
        var values = Draws.From(Three, 30_000, seed: 6);
        var first = Describe(GaussianMixtureFitter.Fit(values));
        for (var i = 0; i < 3; i++)
            Assert.Equal(first, Describe(GaussianMixtureFitter.Fit(values)));
    }

    [Fact]
    public void A_known_mixture_is_recovered()
    {
        var mixture = GaussianMixtureFitter.Fit(Draws.From(Three, 50_000, seed: 7)).Mixture;
        Assert.Equal(3, mixture.Components.Length);
        foreach (var (expected, actual) in Three.Components.Zip(mixture.Components))
        {
            // About five standard errors of the least certain component.
            Assert.Equal(expected.Weight, actual.Weight, 0.05);
            Assert.Equal(expected.Mean, actual.Mean, 0.15);
            Assert.Equal(expected.StandardDeviation, actual.StandardDeviation, 0.1);
        }
    }

    [Theory]
    [InlineData(50)]
    [InlineData(700)]
    [InlineData(40_000)]
    public void Every_order_reports_the_exact_likelihood_and_criterion_of_its_mixture(int count)
    {
        var values = Draws.From(Three, count, seed: 8);
        var fit = GaussianMixtureFitter.Fit(values);
        Assert.Equal(count, fit.SampleCount);
        Assert.All(fit.Orders, order =>
        {
            Assert.Equal(1, order.Mixture.Components.Sum(c => c.Weight), 1e-12);
            Assert.Equal(1, order.LogLikelihood / order.Mixture.LogLikelihood(values), 1e-10);
            Assert.Equal(1, order.Bic / order.Mixture.Bic(values), 1e-10);
        });
        Assert.Equal(fit.Orders.Min(order => order.Bic), fit.Bic);
    }

    [Fact]
    public void The_criterion_finds_a_single_Gaussian() =>
        Assert.Single(
            GaussianMixtureFitter.Fit(Draws.From(new GaussianMixture(new MixtureComponent(1, 3, 2)), 4000, seed: 9)).Mixture.Components);

    [Fact]
    public void Small_samples_are_tried_with_one_component_for_every_five_values()
    {
        Assert.Single(GaussianMixtureFitter.Fit([1, 2, 3, 4, 5, 6, 7, 8, 9]).Orders);
        Assert.Equal(2, GaussianMixtureFitter.Fit([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).Orders.Length);
    }

    [Fact]
    public void Tied_values_keep_a_deviation_above_the_floor()
    {
        double[] values = [.. Enumerable.Repeat(1.0, 500), .. Draws.From(Three, 500, seed: 10)];
        var deviation = Math.Sqrt(values.Average(value => Math.Pow(value - values.Average(), 2)));
        var mixture = GaussianMixtureFitter.Fit(values).Mixture;
        Assert.All(mixture.Components, c => Assert.True(c.StandardDeviation >= 0.999e-3 * deviation));
        Assert.Contains(mixture.Components, c => Math.Abs(c.Mean - 1) < 1e-3 && c.Weight > 0.4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3.5)]
    [InlineData(1e200)]
    public void Values_that_are_all_equal_give_one_narrow_component(double value)
    {
        var component = Assert.Single(GaussianMixtureFitter.Fit([.. Enumerable.Repeat(value, 20)]).Mixture.Components);
        Assert.Equal(value, component.Mean);
        Assert.InRange(component.StandardDeviation, double.Epsilon, Math.Max(1e-6, Math.Abs(value) * 1e-6));
    }

    [Fact]
    public void An_outlier_gets_a_component_of_its_own_and_leaves_the_others_alone()
    {
        var values = Draws.From(Three, 5000, seed: 11);
        var with = GaussianMixtureFitter.Fit([.. values, 100]).Mixture;
        var without = GaussianMixtureFitter.Fit(values).Mixture;
        Assert.Equal(without.LowerTail(1.0), with.LowerTail(1.0), 0.01);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void A_value_that_is_not_finite_is_named_by_its_index(double bad) =>
        Assert.Contains(
            "index 3", Assert.Throws<ArgumentException>(() => GaussianMixtureFitter.Fit([1, 2, 3, bad])).Message, StringComparison.Ordinal);

    [Fact]
    public void No_value_at_all_is_rejected() => Assert.Throws<ArgumentException>(() => GaussianMixtureFitter.Fit([]));

    [Fact]
    public void Options_out_of_range_are_rejected()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianMixtureFitter.Fit([1], new() { MaxComponents = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianMixtureFitter.Fit([1], new() { Restarts = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianMixtureFitter.Fit([1], new() { Tolerance = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianMixtureFitter.Fit([1], new() { MaxIterations = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => GaussianMixtureFitter.Fit([1], new() { VarianceFloor = 0 }));
    }

    private static string Describe(GaussianMixtureFit fit) =>
        string.Join(
            '\n',
            fit.Orders.Select(order => FormattableString.Invariant(
                $"{order.LogLikelihood:R} {order.Iterations} {string.Join(' ', order.Mixture.Components)}")));

    [Fact]
    public void Cells_fit_a_large_sample_as_well_as_its_values_do()
    {
        var values = Draws.From(Three, EqualCells.FewestValues, seed: 11);
        var fit = GaussianMixtureFitter.Fit(values);
        foreach (var order in fit.Orders)
        {
            Assert.Equal(order.Mixture.LogLikelihood(values), order.LogLikelihood, 1e-3);
            Assert.True(order.Converged);
        }

        // Values one by one: nothing is gained from there.
        var sample = MixtureSample.Create(values);
        var at = MixtureRun.Start(MixtureParameters.Of(fit.Mixture, sample.Center, sample.Scale), 1e-6);
        var gain = at.Continue(sample, 1e-6, 1e-10, 20).LogLikelihood - at.Continue(sample, 1e-6, 0, 1).LogLikelihood;
        Assert.InRange(gain, 0, 2e-8 * values.Length); // a fit stops at a gain of 1e-8 per value
        Assert.Equal(3, fit.Mixture.Components.Length);
        for (var k = 0; k < 3; k++)
        {
            Assert.Equal(Three.Components[k].Mean, fit.Mixture.Components[k].Mean, 0.05);
            Assert.Equal(Three.Components[k].StandardDeviation, fit.Mixture.Components[k].StandardDeviation, 0.05);
        }

        Array.Reverse(values);
        Assert.Equal(Describe(fit), Describe(GaussianMixtureFitter.Fit(values)));
    }

    [Fact]
    public void Repeated_values_and_far_outliers_are_not_gathered_in_cells()
    {
        var values = Draws.From(Three, EqualCells.FewestValues, seed: 12);
        Assert.NotNull(EqualCells.TryGather(values, values.Min(), values.Max()));
        double[] outlier = [.. values, 1e6];
        Assert.Null(EqualCells.TryGather(outlier, outlier.Min(), outlier.Max()));
        double[] lattice = [.. values.Select(value => Math.Round(value, 2))];
        Assert.Null(EqualCells.TryGather(lattice, lattice.Min(), lattice.Max()));
        Assert.Null(EqualCells.TryGather([.. Enumerable.Repeat(1.0, EqualCells.FewestValues)], 1, 1));
    }
}

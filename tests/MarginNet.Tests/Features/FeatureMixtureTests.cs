using MarginNet.Features;

namespace MarginNet.Tests.Features;

public sealed class FeatureMixtureTests
{
    [Theory]
    [InlineData(CovarianceForm.Spherical)]
    [InlineData(CovarianceForm.TiedDiagonal)]
    [InlineData(CovarianceForm.Diagonal)]
    [InlineData(CovarianceForm.Tied)]
    [InlineData(CovarianceForm.Full)]
    public void Each_iteration_never_lowers_the_log_likelihood(CovarianceForm form)
    {
        var random = new Random(1);
        var features = Drawn.Array(
            200, 4, (i, j) => (i % 3 * (j + 1) * 0.5) + (random.Normal() * (1 + (i % 3))) + (j == 3 && i % 3 == 0 ? -9 : 0));
        var sample = FeatureSample.Of(features, varianceFloor: 0.1); // large, so that it has a say
        var run = FeatureMixtureRun.Start(sample, form, FeatureStarts.KMeans(sample, 3, 1, 5), 3)!;
        var last = run.Expect();
        var first = last;
        for (var i = 0; i < 60; i++)
        {
            Assert.True(run.TryMaximize());
            var next = run.Expect();
            Assert.True(next >= last - (1e-10 * Math.Abs(last)), $"{next} after {last}");
            last = next;
        }

        Assert.True(last > first);
    }

    [Theory]
    [InlineData(CovarianceForm.Spherical)]
    [InlineData(CovarianceForm.TiedDiagonal)]
    [InlineData(CovarianceForm.Diagonal)]
    [InlineData(CovarianceForm.Tied)]
    [InlineData(CovarianceForm.Full)]
    public void One_component_has_the_sample_mean_and_covariance(CovarianceForm form)
    {
        const int N = 50;
        var z = Drawn.Normals(new Random(2), N, 2).Map(new double[,] { { 2, 0 }, { 1, 0.5 } }, [3, -1]);
        var fit = FeatureMixture.Fit(z, new() { Forms = [form], MaxComponents = 1, VarianceFloor = 1e-12 });
        double Moment(int i, int j) => Enumerable.Range(0, N).Average(
            n => (z.Row(n)[i] - fit.Mixture.Means[0][i]) * (z.Row(n)[j] - fit.Mixture.Means[0][j]));
        var (xx, yy, xy) = (Moment(0, 0), Moment(1, 1), Moment(0, 1));
        var (determinant, parameters) = form switch
        {
            CovarianceForm.Spherical => (Math.Pow((xx + yy) / 2, 2), 3),
            CovarianceForm.Diagonal or CovarianceForm.TiedDiagonal => (xx * yy, 4),
            _ => ((xx * yy) - (xy * xy), 5),
        };
        // The most likely Gaussian of each form has log L = −N/2 (D log 2π + log det Σ + D).
        Assert.Equal(-N / 2.0 * ((2 * Math.Log(2 * Math.PI)) + Math.Log(determinant) + 2), fit.LogLikelihood, 1e-8);
        Assert.Equal(Enumerable.Range(0, N).Average(n => z.Row(n)[1]), fit.Mixture.Means[0][1], 1e-12);
        Assert.Equal(parameters, fit.Mixture.ParameterCount);
        Assert.Equal((-2 * fit.LogLikelihood) + (parameters * Math.Log(N)), fit.Bic);
        Assert.Equal(fit.LogLikelihood, Enumerable.Range(0, N).Sum(n => fit.Mixture.LogDensity(z.Row(n))), 1e-9);
        Assert.True(fit.Converged);
    }

    /// <summary>scikit-learn 1.2.1: the likeliest of ten <c>GaussianMixture(2, covariance_type=..., tol=1e-12, max_iter=5000,
    /// reg_covar=1e-12,
    /// random_state=s).fit(z)</c>; <c>score(z)*300</c>, <c>bic(z)</c> and <c>score_samples([[0.5, -1, 2]])</c>.</summary>
    [Theory]
    [InlineData(CovarianceForm.Spherical, -1224.6844097023393, 2500.7028616765842, -6.2387831741669)]
    [InlineData(CovarianceForm.Diagonal, -1222.3739929854112, 2518.897158141353, -6.621591953288742)]
    [InlineData(CovarianceForm.Tied, -1217.4720572497608, 2509.0932866700523, -6.76649216700115)]
    [InlineData(CovarianceForm.Full, -1216.5142486315444, 2541.400364281557, -6.998412294666734)]
    public void Two_components_are_those_of_scikit_learn(CovarianceForm form, double logLikelihood, double bic, double logDensity)
    {
        var sample = FeatureSample.Of(Drawn.Reference, 1e-9);
        var fit = FeatureMixtureRun.Start(sample, form, FeatureStarts.KMeans(sample, 2, 4, 0), 2)!
            .ToEnd(new() { Tolerance = 1e-13, MaxIterations = 5000 }, CancellationToken.None)!;
        Assert.Equal(logLikelihood, fit.LogLikelihood, 1e-4);
        Assert.Equal(bic, fit.Bic, 2e-4);
        Assert.Equal(logDensity, fit.Mixture.LogDensity([0.5, -1, 2]), 1e-3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_criterion_finds_the_order_and_the_parsimony_of_clear_samples(int order)
    {
        var random = new Random(order);
        var round = FeatureMixture.Fit(Drawn.Array(600, 3, (i, j) => random.Normal() + (10 * (i % order) * (j + 1))));
        Assert.Equal(order, round.Mixture.Order);
        Assert.Contains(round.Mixture.Form, new[] { CovarianceForm.Spherical, CovarianceForm.TiedDiagonal });
        var shear = new double[,] { { 1, 0, 0 }, { 3, 1, 0 }, { -2, 1, 1 } };
        var tilted = FeatureMixture.Fit(Drawn.Normals(random, 600, 3).Map(shear, [0, 0, 0]));
        Assert.Equal(1, tilted.Mixture.Order);
        Assert.Contains(tilted.Mixture.Form, new[] { CovarianceForm.Tied, CovarianceForm.Full });
    }

    [Fact]
    public void Moved_samples_have_the_same_densities_and_scaled_ones_less_D_logs_of_the_scale()
    {
        var random = new Random(7);
        var z = Drawn.Array(150, 2, (i, j) => random.Normal() + (4 * (i % 2)));
        var moved = Drawn.Array(150, 2, (i, j) => (3 * z.Row(i)[j]) + 5);
        var (plain, other) = (FeatureMixture.Fit(z), FeatureMixture.Fit(moved));
        Assert.Equal((plain.Mixture.Form, plain.Mixture.Order), (other.Mixture.Form, other.Mixture.Order));
        for (var i = 0; i < 20; i++)
            Assert.Equal(plain.Mixture.LogDensity(z.Row(i)) - (2 * Math.Log(3)), other.Mixture.LogDensity(moved.Row(i)), 1e-6);
    }

    [Fact]
    public void Features_that_do_not_vary_leave_the_density_finite_and_equal_samples_are_refused()
    {
        var random = new Random(8);
        var fit = FeatureMixture.Fit(Drawn.Array(80, 3, (i, j) => j == 1 ? 0 : random.Normal()));
        Assert.True(double.IsFinite(fit.Mixture.LogDensity([0, 100, 0])));
        Assert.True(fit.Mixture.LogDensity([0, 100, 0]) < fit.Mixture.LogDensity([0, 0, 0]));
        Assert.Contains("5 equal", Assert.Throws<ArgumentException>(() => FeatureMixture.Fit(Drawn.Array(5, 2, (_, _) => 1))).Message);
    }
}

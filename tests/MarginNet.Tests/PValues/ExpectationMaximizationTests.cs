using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class ExpectationMaximizationTests
{
    private const double Floor = 1e-6;

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 1000)]
    [InlineData(5, 5000)]
    [InlineData(9, 9001)]
    public void Each_iteration_never_lowers_the_log_likelihood(int order, int count)
    {
        foreach (var sample in Samples(count))
        {
            var parameters = MixtureStarts.Quantiles(sample.Compress(512), order).Add(new double[3 * order], Floor);
            var previous = double.NegativeInfinity;
            for (var i = 0; i < 60; i++)
            {
                var (next, logLikelihood) = ExpectationMaximization.Step(sample, parameters, Floor);
                // rounding of a sum of count terms
                Assert.True(logLikelihood >= previous - (1e-12 * count), $"fell from {previous} to {logLikelihood}");
                (parameters, previous) = (next, logLikelihood);
            }
        }
    }

    [Fact]
    public void More_iterations_of_an_accelerated_run_never_lower_the_log_likelihood()
    {
        foreach (var sample in Samples(3000))
        {
            var start = MixtureRun.Start(MixtureStarts.Quantiles(sample.Compress(512), 6), Floor);
            var previous = double.NegativeInfinity;
            for (var iterations = 1; iterations < 80; iterations++)
            {
                var logLikelihood = start.Continue(sample, Floor, 0, iterations).LogLikelihood;
                Assert.True(logLikelihood >= previous, $"fell from {previous} to {logLikelihood}");
                previous = logLikelihood;
            }
        }
    }

    [Fact]
    public void The_log_likelihood_of_an_iteration_is_that_of_the_mixture_it_starts_from()
    {
        var values = Draws.From(new GaussianMixture(new(0.5, -1, 0.3), new(0.5, 2, 1)), 9001, seed: 1);
        var sample = MixtureSample.Create(values);
        var parameters = MixtureStarts.Quantiles(sample.Compress(512), 4).Add(new double[12], Floor);
        var expected = parameters.ToMixture(sample.Center, sample.Scale).LogLikelihood(values);
        var (_, actual) = ExpectationMaximization.Step(sample, parameters, Floor);
        Assert.Equal(1, (actual - (values.Length * Math.Log(sample.Scale))) / expected, 1e-12);
    }

    [Fact]
    public void The_gradient_is_the_slope_of_the_log_likelihood()
    {
        var sample = MixtureSample.Create(Draws.From(new GaussianMixture(new(0.5, -1, 0.3), new(0.5, 2, 1)), 700, seed: 2));
        var at = MixturePoint.Evaluate(sample, MixtureStarts.Quantiles(sample.Compress(512), 3).Add(new double[9], Floor), Floor);
        for (var i = 0; i < at.Gradient.Length; i++)
        {
            const double Step = 1e-5;
            var slope = (Moved(i, Step) - Moved(i, -Step)) / (2 * Step);
            Assert.Equal(slope, at.Gradient[i], 1e-4); // central difference of a sum near 1e3
        }

        double Moved(int i, double by)
        {
            var step = new double[at.Gradient.Length];
            step[i] = by;
            return MixturePoint.Evaluate(sample, at.Parameters.Add(step, Floor), Floor).LogLikelihood;
        }
    }

    [Fact]
    public void The_log_likelihood_of_cells_is_a_lower_bound_of_that_of_the_data()
    {
        var sample = MixtureSample.Create(Draws.From(new GaussianMixture(new(0.5, -1, 0.3), new(0.5, 2, 1)), 20_000, seed: 3));
        var parameters = MixtureStarts.Quantiles(sample.Compress(512), 4).Add(new double[12], Floor);
        var exact = ExpectationMaximization.Step(sample, parameters, Floor).LogLikelihood;
        var previous = double.NegativeInfinity;
        foreach (var cells in new[] { 8, 64, 512, 4096 })
        {
            var bound = ExpectationMaximization.Step(sample.Compress(cells), parameters, Floor).LogLikelihood;
            Assert.InRange(bound, previous, exact);
            previous = bound;
        }
    }

    [Fact]
    public void A_component_without_values_is_pruned()
    {
        var sample = MixtureSample.Create([-1, -0.5, 0, 0.5, 1]);
        var start = new MixtureParameters(2);
        start.Set(0, 0.5, 0, 1);
        start.Set(1, 0.5, 1000, 1);
        Assert.Equal(1, ExpectationMaximization.Step(sample, start, Floor).Next.Order);
    }

    [Fact]
    public void A_run_goes_on_without_a_component_that_is_pruned()
    {
        // The second component dies out in the first step, or after some.
        foreach (var distance in new[] { 5, 8, 10, 12, 20, 1000 })
        {
            var sample = MixtureSample.Create(Draws.From(new GaussianMixture(new MixtureComponent(1, 0, 1)), 500, seed: 4));
            var start = new MixtureParameters(2);
            start.Set(0, 1, 0, 1);
            start.Set(1, 1, distance, 0.01);
            var run = MixtureRun.Start(start, Floor).Continue(sample, Floor, 1e-9, 500);
            Assert.True(run.Converged);
            Assert.True(run.LogLikelihood > ExpectationMaximization.Step(sample, start, Floor).LogLikelihood);
        }
    }

    private static IEnumerable<MixtureSample> Samples(int count)
    {
        yield return MixtureSample.Create(
            Draws.From(new GaussianMixture(new(0.6, 2.3, 0.25), new(0.3, 1.4, 0.5), new(0.1, -0.5, 0.9)), count, seed: count));
        yield return MixtureSample.Create([.. Enumerable.Range(0, count).Select(i => Math.Floor(Math.Sqrt(i)))]); // many ties
        yield return MixtureSample.Create([.. Enumerable.Range(1, count).Select(i => 1.0 / i)]); // far outliers
    }
}

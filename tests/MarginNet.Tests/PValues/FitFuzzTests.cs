using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class FitFuzzTests
{
    [Fact]
    public void No_sample_makes_the_fit_fail()
    {
        var random = new Random(FuzzSeed);
        for (var trial = 0; trial < Trials; trial++)
        {
            var values = Sample(random);
            var fit = GaussianMixtureFitter.Fit(values);
            Assert.Equal(1, fit.Mixture.Components.Sum(component => component.Weight), 1e-9);
            Assert.True(double.IsFinite(fit.LogLikelihood));
            Assert.All(
                fit.Mixture.Components, component => Assert.True(component.StandardDeviation > 0 && double.IsFinite(component.Mean)));
            Assert.Equal(fit.LogLikelihood, fit.Mixture.LogLikelihood(values), 1e-6 * Math.Max(1, Math.Abs(fit.LogLikelihood)));
            Assert.True(fit.Bic <= fit.Orders[0].Bic);
        }
    }

    private static int Trials => int.TryParse(Environment.GetEnvironmentVariable("MARGINNET_FUZZ_TRIALS"), out var trials) ? trials : 150;

    private static int FuzzSeed => int.TryParse(Environment.GetEnvironmentVariable("MARGINNET_FUZZ_SEED"), out var seed) ? seed : 1;

    /// <summary>Clusters of very different sizes and widths, outliers, ties, and scales from tiny to huge.</summary>
    private static double[] Sample(Random random)
    {
        var clusters = Enumerable.Range(0, random.Next(1, 6))
            .Select(_ => (Mean: random.NextDouble() * 10, Width: Math.Pow(10, (random.NextDouble() * 4) - 3), Share: random.NextDouble()))
            .ToArray();
        var (scale, digits) = (Math.Pow(10, random.Next(-6, 7)), random.Next(4) == 0 ? random.Next(0, 3) : 15);
        return [.. Enumerable.Range(0, (int)Math.Pow(10, random.NextDouble() * 3.5)).Select(_ =>
        {
            var (mean, width, _) = clusters.MaxBy(cluster => cluster.Share * random.NextDouble());
            var heavy = random.Next(50) == 0 ? 20 : 1;
            return Math.Round(
                mean + (heavy * width * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(Math.Tau * random.NextDouble())),
                digits) * scale;
        })];
    }
}

using MarginNet.Cli.Figures;

namespace MarginNet.Cli.Tests.Figures;

public sealed class PageFigureTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(997)]
    public void A_histogram_of_margins_is_a_density(int count)
    {
        var random = new Random(count);
        double[] values = [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 8) - 3)];
        var histogram = new DensityHistogram(values);
        Assert.Equal(1, histogram.Densities.Sum() * histogram.Width, 1e-12);
        Assert.All(values, value => Assert.Contains(
            histogram.Middles, middle => Math.Abs(value - middle) <= (histogram.Width / 2) + 1e-12));
    }

    [Fact]
    public void A_p_value_of_the_threshold_is_counted_below_it()
    {
        var counts = PValuePlots.Count([0, 0.05, 0.050001, 0.1, 1]);
        Assert.Equal((2, 2, 1), (counts[0], counts[1], counts[^1]));
        Assert.Equal(5, counts.Sum());
    }
}

using MarginNet.Cli.Figures;
using MarginNet.Detection;

namespace MarginNet.Cli.Tests.Figures;

public sealed class RocCurvesTests
{
    [Theory]
    [InlineData(200, 150, 1000)]
    [InlineData(60, 90, 4)] // Many ties.
    [InlineData(1, 1, 1)]
    public void The_area_under_a_curve_is_the_AUROC(int typicalCount, int atypicalCount, int levels)
    {
        var random = new Random(2);
        double[] typical = [.. Enumerable.Range(0, typicalCount).Select(_ => (double)random.Next(levels))];
        double[] atypical = [.. Enumerable.Range(0, atypicalCount).Select(_ => random.Next(levels) * 0.75)];
        var (x, y) = RocCurves.Curve(typical, atypical);
        Assert.Equal((0, 0, 1, 1), (x[0], y[0], x[^1], y[^1]));
        var area = Enumerable.Range(1, x.Length - 1).Sum(i => (x[i] - x[i - 1]) * (y[i] + y[i - 1]) / 2);
        Assert.Equal(DetectionMetrics.Compute(typical, atypical).Auroc, area, 1e-12);
    }

    [Fact]
    public void A_long_curve_is_thinned_but_keeps_its_ends()
    {
        var random = new Random(2);
        double[] scores = [.. Enumerable.Range(0, 50_000).Select(_ => random.NextDouble())];
        var (x, y) = RocCurves.Curve(scores, [.. scores.Select(score => score * score)]);
        Assert.InRange(x.Length, 400, 1100);
        Assert.Equal((0, 0, 1, 1), (x[0], y[0], x[^1], y[^1]));
        Assert.Equal(x.Order(), x);
        Assert.Equal(y.Order(), y);
    }
}

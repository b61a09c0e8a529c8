using MarginNet.Certificates;
using MarginNet.Cli.Figures;

namespace MarginNet.Cli.Tests.Figures;

public sealed class CertifiedAccuracyPlotTests
{
    [Fact]
    public void The_curve_steps_down_at_each_radius_of_a_right_decision()
    {
        var (x, y) = CertifiedAccuracyPlot.Curve(
            [Certified(0, 0.5), Certified(0, 0.25), Certified(0, 0.25), Certified(1, 9), Certified(0, 0)], [0, 0, 0, 0, 0], 2);
        Assert.Equal([0, 0.25, 0.25, 0.5, 0.5, 2], x);
        Assert.Equal([60, 60, 20, 20, 0, 0], y);
    }

    [Fact]
    public void The_curve_is_certified_accuracy_wherever_it_is_read()
    {
        var random = new Random(3);
        int[] labels = [.. Enumerable.Range(0, 700).Select(_ => random.Next(2))];
        CertifiedRadius[] radii = [.. labels.Select(_ => Certified(random.Next(2), random.Next(50) / 50.0))];
        var (x, y) = CertifiedAccuracyPlot.Curve(radii, labels, 1);
        for (var epsilon = 0.01; epsilon < 1; epsilon += 0.02)
        {
            var at = Array.FindLastIndex(x, value => value <= epsilon);
            Assert.Equal(100 * CertifiedAccuracy.Compute(radii, labels, epsilon).Rate, y[at], 1e-9);
        }
    }

    private static CertifiedRadius Certified(int predicted, double radius) =>
        new(predicted, radius, radius > 0 ? CertificateSource.Pairwise : CertificateSource.None);
}

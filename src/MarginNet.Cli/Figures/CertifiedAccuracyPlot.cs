using System.Globalization;
using MarginNet.Certificates;
using MarginNet.Cli.Options;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Certified accuracy against the radius, between clean accuracy and, at some distances, what an attack leaves of it.</summary>
internal static class CertifiedAccuracyPlot
{
    private const int MaxSteps = 1000; // of the curve; more cannot be seen
    private const double Room = 1.05;

    /// <param name="radii">The certificates.</param>
    /// <param name="labels">The true classes.</param>
    /// <param name="epsilons">The distances of the attack.</param>
    /// <param name="attackedAt">The least distance at which each sample was misclassified; null without an attack.</param>
    public static Plot Draw(CertifiedRadius[] radii, int[] labels, double[] epsilons, double[]? attackedAt)
    {
        PlotFont.Use();
        var plot = new Plot();
        var right = Right(radii, labels);
        var end = Room * epsilons.Concat(right).Append(1e-12).Max();
        var clean = 100.0 * right.Length / radii.Length;
        var line = plot.Add.Line(0, clean, end, clean);
        (line.LineColor, line.LinePattern, line.LineWidth) = (Colors.Gray, LinePattern.Dashed, 1.5f);
        line.LegendText = string.Create(CultureInfo.InvariantCulture, $"clean ({clean:f1} %)");
        if (attackedAt is not null)
        {
            var points = plot.Add.ScatterPoints(
                epsilons, Array.ConvertAll(epsilons, epsilon => 100 * AttackedDistance.Accuracy(attackedAt, epsilon).Rate));
            (points.MarkerSize, points.MarkerShape, points.Color) = (10, MarkerShape.FilledTriangleDown, Colors.DarkOrange);
            points.LegendText = "under attack (PGD)";
        }

        var (x, y) = Curve(radii, labels, end);
        var curve = plot.Add.ScatterLine(x, y);
        (curve.LineWidth, curve.Color, curve.FillY, curve.FillYColor) = (2, Colors.SteelBlue, true, Colors.SteelBlue.WithAlpha(0.2));
        curve.LegendText = "certified";
        plot.Title("Certified accuracy against the radius");
        plot.XLabel($"{CertificateSettings.NameOf(radii[0].Norm)} radius, pixels in [0, 1]");
        plot.YLabel("accuracy, %");
        plot.Axes.SetLimits(0, end, 0, 100);
        plot.Axes.Right.MinimumSize = 16;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.ShowLegend(Edge.Bottom);
        return plot;
    }

    /// <summary>The steps of the percentage of samples that are classified rightly with a radius above x, from 0 to an end.</summary>
    public static (double[] X, double[] Y) Curve(CertifiedRadius[] radii, int[] labels, double end)
    {
        var right = Right(radii, labels);
        var (x, y) = (new List<double> { 0 }, new List<double> { Percent(right.Count(radius => radius > 0)) });
        var ends = Enumerable.Range(0, right.Length)
            .Where(i => right[i] > 0 && (i + 1 == right.Length || right[i + 1] > right[i]))
            .ToArray();
        var stride = (ends.Length / MaxSteps) + 1;
        foreach (var i in ends.Where((_, k) => k % stride == 0 || k == ends.Length - 1))
        {
            x.AddRange([right[i], right[i]]);
            y.AddRange([y[^1], Percent(right.Length - i - 1)]);
        }

        x.Add(end);
        y.Add(y[^1]);
        return ([.. x], [.. y]);

        double Percent(int count) => 100.0 * count / radii.Length;
    }

    /// <summary>The radii of right decisions in increasing order.</summary>
    private static double[] Right(CertifiedRadius[] radii, int[] labels) =>
        [.. radii.Where((radius, i) => radius.PredictedClass == labels[i]).Select(radius => radius.Radius).Order()];
}

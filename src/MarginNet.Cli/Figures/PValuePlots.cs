using System.Globalization;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>How p-values of samples are spread, which are uniform where samples are typical.</summary>
internal static class PValuePlots
{
    private const int Bins = 20;
    private const int MaxPoints = 1000; // of a curve; more cannot be seen

    private static readonly double[] Levels = [0.01, 0.05, 0.1, 0.5];

    /// <param name="groups">The p-values of some kinds of samples by the name of the kind, such as right and wrong decisions.</param>
    /// <param name="threshold">At or below which a sample is flagged.</param>
    public static Figure Draw(IReadOnlyList<(string Name, double[] Values)> groups, double threshold) => new(
        "p-values",
        "Typical samples have p-values that are uniform: a flat histogram, and a curve on the diagonal. More small ones than that are of "
            + "samples that are unlike those calibrated on.",
        Columns: 2,
        [
            new(
                "Histogram; the dashed lines are the uniform distribution and the threshold.", Describe(groups),
                Histogram(groups, threshold)),
            new("P-P plot: the share of samples up to each p-value.", Describe(groups), Shares(groups)),
        ]);

    /// <summary>The number of p-values in each of the equally wide bins of [0, 1].</summary>
    public static int[] Count(double[] values)
    {
        var counts = new int[Bins];
        foreach (var value in values)
        {
            counts[Math.Clamp((int)Math.Ceiling(value * Bins) - 1, 0, Bins - 1)]++; // A bin has its upper end, as a threshold has.
        }

        return counts;
    }

    private static Plot Histogram(IReadOnlyList<(string Name, double[] Values)> groups, double threshold)
    {
        PlotFont.Use();
        var (plot, total, below) = (new Plot(), groups.Sum(group => group.Values.Length), new double[Bins]);
        var palette = new ScottPlot.Palettes.Category10();
        for (var g = 0; g < groups.Count; g++)
        {
            var (counts, color) = (Count(groups[g].Values), palette.GetColor(g));
            var bars = new List<Bar>();
            for (var bin = 0; bin < Bins; bin++)
            {
                var top = below[bin] + (100.0 * counts[bin] / total);
                bars.Add(new()
                {
                    Position = (bin + 0.5) / Bins,
                    ValueBase = below[bin],
                    Value = top,
                    Size = 1.0 / Bins,
                    FillColor = color,
                    LineWidth = 0,
                });
                below[bin] = top;
            }

            plot.Add.Bars(bars).LegendText = groups[g].Name;
        }

        plot.Add.HorizontalLine(100.0 / Bins, color: Colors.Gray, width: 1.5f, pattern: LinePattern.Dashed);
        if (threshold is > 0 and < 1)
        {
            plot.Add.VerticalLine(threshold, color: Colors.Red, width: 1.5f, pattern: LinePattern.Dashed);
        }

        plot.XLabel("p-value");
        plot.YLabel("% of samples");
        plot.Axes.SetLimits(0, 1, 0, 1.08 * Math.Max(100.0 / Bins, below.Max()));
        return WithLegend(plot, groups.Count);
    }

    private static Plot Shares(IReadOnlyList<(string Name, double[] Values)> groups)
    {
        PlotFont.Use();
        var plot = new Plot();
        foreach (var (name, values) in groups.Where(group => group.Values.Length > 0))
        {
            double[] sorted = [.. values.Order()];
            var count = Math.Min(sorted.Length, MaxPoints);
            var (x, y) = (new List<double> { 0 }, new List<double> { 0 });
            for (var i = 1; i <= count; i++)
            {
                var rank = (int)((long)i * sorted.Length / count);
                x.Add(sorted[rank - 1]);
                y.Add((double)rank / sorted.Length);
            }

            x.Add(1);
            y.Add(1);
            var curve = plot.Add.ScatterLine(x.ToArray(), y.ToArray());
            (curve.LineWidth, curve.ConnectStyle) = (2, ConnectStyle.StepHorizontal);
            curve.LegendText = name;
        }

        var diagonal = plot.Add.Line(0, 0, 1, 1);
        (diagonal.LineColor, diagonal.LinePattern) = (Colors.Gray, LinePattern.Dashed);
        plot.XLabel("p-value");
        plot.YLabel("share of samples up to it");
        plot.Axes.SetLimits(0, 1, 0, 1);
        return WithLegend(plot, groups.Count);
    }

    private static Plot WithLegend(Plot plot, int groups)
    {
        plot.Axes.Right.MinimumSize = 16;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.ShadowColor = Colors.Transparent;
        if (groups > 1)
        {
            plot.ShowLegend(Edge.Bottom);
        }

        return plot;
    }

    private static string Describe(IReadOnlyList<(string Name, double[] Values)> groups) => string.Join(
        "; ", groups.Where(group => group.Values.Length > 0).Select(group => string.Create(
            CultureInfo.InvariantCulture,
            $"p-values of {group.Values.Length} {group.Name}: {string.Join(", ", Levels.Select(level => string.Create(CultureInfo.InvariantCulture, $"{group.Values.Count(p => p <= level) / (double)group.Values.Length:p1} at most {level}")))}")))
        + ".";
}

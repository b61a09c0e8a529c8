using MarginNet.Audit;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>The statistic of all labels as a histogram, with the parts of wrong and right labels over it where they are told.</summary>
internal static class TwoGroupPlot
{
    private const int CurvePoints = 300;
    private const double Room = 1.1;

    /// <param name="audit">The audit.</param>
    /// <param name="statistic">What its statistic is, in words.</param>
    public static Figure Draw(LabelAudit audit, string statistic)
    {
        PlotFont.Use();
        double[] values = [.. audit.Labels.Select(label => label.Statistic)];
        var (middles, densities, width) = MixturePlot.Histogram(values);
        var plot = new Plot();
        plot.Add.Bars(middles.Zip(densities, (middle, density) => new Bar
        {
            Position = middle,
            Value = density,
            Size = width,
            FillColor = Colors.SteelBlue.WithAlpha(0.55),
            LineWidth = 0,
        }).ToList());
        var (start, end) = (middles[0] - width, middles[^1] + width);
        if (audit.Model is { } model)
        {
            double[] x = [.. Enumerable.Range(0, CurvePoints).Select(i => start + ((end - start) * i / (CurvePoints - 1)))];
            Part("wrong", model.WrongShare, model.Wrong, Colors.OrangeRed);
            Part("right", 1 - model.WrongShare, model.Right, Colors.SteelBlue);
            plot.ShowLegend(Edge.Bottom);

            void Part(string name, double share, SkewNormal part, Color color)
            {
                var curve = plot.Add.ScatterLine(x, Array.ConvertAll(x, at => share * Math.Exp(part.LogDensity(at))), color);
                (curve.LineWidth, curve.LegendText) = (2, name);
            }
        }

        if (audit.Flagged.Any())
        {
            var line = plot.Add.VerticalLine(audit.Flagged.Last().Statistic, 1, Colors.Red, LinePattern.Dashed);
            line.ExcludeFromLegend = true;
        }

        plot.XLabel(statistic);
        plot.Axes.SetLimits(start, end, 0, Room * densities.Max());
        return new(
            "statistic",
            (audit.Model is null ? "Histogram of all labels; the smaller, the more suspicious."
                : "Histogram of all labels, and the two parts of the model: where the lines follow the bars, its shares can be relied on.")
                + (audit.Flagged.Any() ? " Dashed, where flagged labels end." : ""),
            Columns: 1,
            [
                new(
                    statistic,
                    FormattableString.Invariant($"Histogram of {values.Length} values, {values.Min():g4} to {values.Max():g4}."),
                    plot, Width: 700, Height: 350),
            ]);
    }
}

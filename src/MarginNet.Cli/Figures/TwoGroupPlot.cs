using MarginNet.Audit;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>The statistic of all labels as a histogram, with the parts of wrong and right labels over it where they are told.</summary>
internal static class TwoGroupPlot
{
    private const double Room = 1.1;

    /// <param name="audit">The audit.</param>
    /// <param name="statistic">What its statistic is, in words.</param>
    public static Figure Draw(LabelAudit audit, string statistic)
    {
        PlotFont.Use();
        double[] values = [.. audit.Labels.Select(label => label.Statistic)];
        var histogram = new DensityHistogram(values);
        var flagged = audit.Flagged.ToArray();
        var plot = new Plot();
        histogram.AddTo(plot);
        if (audit.Model is { } model)
        {
            var x = histogram.Points;
            Part("wrong", model.WrongShare, model.Wrong, Colors.OrangeRed);
            Part("right", 1 - model.WrongShare, model.Right, Colors.SteelBlue);
            plot.ShowLegend(Edge.Bottom);

            void Part(string name, double share, SkewNormal part, Color color)
            {
                var curve = plot.Add.ScatterLine(x, Array.ConvertAll(x, at => share * Math.Exp(part.LogDensity(at))), color);
                (curve.LineWidth, curve.LegendText) = (2, name);
            }
        }

        if (flagged.Length > 0)
        {
            var line = plot.Add.VerticalLine(flagged[^1].Statistic, 1, Colors.Red, LinePattern.Dashed);
            line.ExcludeFromLegend = true;
        }

        plot.XLabel(statistic);
        plot.Axes.SetLimits(histogram.Start, histogram.End, 0, Room * histogram.Highest);
        return new(
            "statistic",
            (audit.Model is null ? "Histogram of all labels; the smaller, the more suspicious."
                : "Histogram of all labels, and the two parts of the model: where the lines follow the bars, its shares can be relied on.")
                + (flagged.Length > 0 ? " Dashed, where flagged labels end." : ""),
            Columns: 1,
            [
                new(
                    statistic,
                    FormattableString.Invariant($"Histogram of {values.Length} values, {values.Min():g4} to {values.Max():g4}."),
                    plot, Width: 700, Height: 350),
            ]);
    }
}

using System.Globalization;
using MarginNet.Cli.Pages;
using MarginNet.Detection;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Curves of the share of wrong decisions among those accepted, by the share accepted.</summary>
internal static class RiskCoverageCurves
{
    public static Figure Draw(DetectedSet set)
    {
        var list = string.Join(", ", set.Section.Rows.Select(
            row => string.Create(CultureInfo.InvariantCulture, $"{row.Score} {row.Report.Metrics.Aurc:f4}")));
        return new(
            "risk-coverage",
            "How many of the accepted decisions are wrong, if those of the highest confidence are accepted, with the area under each curve "
                + "(AURC).",
            Columns: 1,
            [
                new(
                    "Risk-coverage curves, with their AURC.", $"Risk-coverage curves of {set.Section.Title}. AURC: {list}.", Plot(set),
                    Width: 560,
                    Height: RocCurves.HeightWith(set.Section.Rows.Count)),
            ]);
    }

    private static Plot Plot(DetectedSet set)
    {
        PlotFont.Use();
        var plot = new Plot();
        var scores = set.Scores.ToDictionary(score => score.Name);
        foreach (var row in set.Section.Rows)
        {
            var points = RocCurves.Thin(RiskCoverageCurve.Compute(scores[row.Score].Typical, scores[row.Score].Atypical));
            var curve = plot.Add.ScatterLine(
                Array.ConvertAll(points, point => point.X), Array.ConvertAll(points, point => point.Y));
            curve.LineWidth = 2;
            curve.LegendText = string.Create(CultureInfo.InvariantCulture, $"{row.Score} ({row.Report.Metrics.Aurc:f4})");
        }

        var report = set.Section.Rows[0].Report;
        var errorRate = (double)report.AtypicalCount / (report.TypicalCount + report.AtypicalCount);
        var chance = plot.Add.Line(0, errorRate, 1, errorRate);
        (chance.LineColor, chance.LinePattern) = (Colors.Gray, LinePattern.Dashed);
        plot.XLabel("share of decisions accepted (coverage)");
        plot.YLabel("share of wrong ones among them (risk)");
        plot.Axes.SetLimits(0, 1, 0, 2 * errorRate);
        plot.Axes.Right.MinimumSize = 16;
        RocCurves.Legend(plot);
        return plot;
    }
}

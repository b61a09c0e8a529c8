using System.Globalization;
using MarginNet.Cli.Pages;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>ROC curves of a comparison of detectors, with the threshold that was chosen.</summary>
internal static class DetectionCurves
{
    public static Figure Draw(DetectedSet set)
    {
        var scores = set.Scores.ToDictionary(score => score.Name);
        var (typical, atypical) = (set.Typical.Flagged, set.Atypical.Flagged);
        var mark = string.Create(
            CultureInfo.InvariantCulture,
            $"p ≤ {set.Rule.Threshold.Value:g3} ({set.RuleText}) flags {typical.Rate:p1} of {set.Section.Typical} and {atypical.Rate:p1} of {set.Section.Atypical}");
        var list = string.Join(", ", set.Section.Rows.Select(
            row => string.Create(CultureInfo.InvariantCulture, $"{row.Score} {row.Report.Metrics.Auroc:f3}")));
        return new(
            $"roc-{set.Section.Id}",
            $"How many of each are flagged as the threshold of a score rises, with the AUROC of each score. The diamond is the threshold in use: {mark}.",
            Columns: 1,
            [
                new(
                    "ROC curves, with their AUROC.", $"ROC curves of {set.Section.Title}. AUROC: {list}. The threshold in use, {mark}.",
                    Plot(set, scores, typical.Rate, atypical.Rate), Width: 560,
                    Height: RocCurves.HeightWith(set.Section.Rows.Count + 1)),
            ]);
    }

    private static Plot Plot(
        DetectedSet set, Dictionary<string, (string Name, double[] Typical, double[] Atypical)> scores, double x, double y)
    {
        PlotFont.Use();
        var plot = new Plot();
        foreach (var row in set.Section.Rows)
        {
            var (_, typical, atypical) = scores[row.Score];
            var (shares, found) = RocCurves.Curve(typical, atypical);
            var curve = plot.Add.ScatterLine(shares, found);
            curve.LineWidth = 2;
            curve.LegendText = string.Create(CultureInfo.InvariantCulture, $"{row.Score} ({row.Report.Metrics.Auroc:f3})");
        }

        RocCurves.Frame(plot, $"share of {set.Section.Typical} flagged", $"share of {set.Section.Atypical} flagged");
        plot.Add.Marker(x, y, MarkerShape.FilledDiamond, 13, Colors.Red).LegendText = "the threshold in use";
        return plot;
    }
}

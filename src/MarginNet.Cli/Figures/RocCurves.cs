using System.Globalization;
using MarginNet.Cli.Reproduction;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>ROC curves of the detectors of section V.</summary>
internal static class RocCurves
{
    private const int MaxPoints = 500; // of a curve; more cannot be seen
    private const int CurveHeight = 460;
    private const int LegendRow = 14; // for each of two in a row

    public static Figure Draw(NetworkRun run, NetworkScores scores, NetworkResult result)
    {
        var panels = new List<Panel>();
        if (!result.WrongDecisions.IsEmpty)
        {
            panels.Add(Compare(
                "wrong decisions", "right decisions flagged", "wrong decisions flagged", scores.WrongDecisions(),
                [.. result.WrongDecisions]));
        }

        panels.Add(Compare("attacked images", "clean images flagged", "attacked images flagged", scores.Attack(), [.. result.Attack]));
        return new($"roc-{run.Key}", $"{run.Title}: ROC curves of the detectors, with their AUROC.", panels.Count, [.. panels]);
    }

    /// <summary>The points of a ROC curve: the shares of typical and of atypical samples flagged, as the threshold of a score rises;
    /// equal scores are flagged together.</summary>
    public static (double[] Typical, double[] Atypical) Curve(double[] typical, double[] atypical)
    {
        var sorted = typical.Select(value => (Value: value, IsTypical: true))
            .Concat(atypical.Select(value => (Value: value, IsTypical: false)))
            .OrderBy(sample => sample.Value)
            .ToArray();
        var (points, x, y) = (new List<(double X, double Y)> { (0, 0) }, 0, 0);
        for (var i = 0; i < sorted.Length; i++)
        {
            (x, y) = sorted[i].IsTypical ? (x + 1, y) : (x, y + 1);
            if (i == sorted.Length - 1 || sorted[i + 1].Value > sorted[i].Value)
            {
                points.Add(((double)x / typical.Length, (double)y / atypical.Length));
            }
        }

        var shown = Thin(points);
        return (Array.ConvertAll(shown, point => point.X), Array.ConvertAll(shown, point => point.Y));
    }

    /// <summary>As many of a curve's points as can be seen, the first and the last among them.</summary>
    public static (double X, double Y)[] Thin(IReadOnlyList<(double X, double Y)> points)
    {
        var step = Math.Max(1, (points.Count - 1) / MaxPoints);
        return [.. points.Where((_, i) => i % step == 0 || i == points.Count - 1)];
    }

    /// <summary>The height of a picture of curves over a legend of so many entries, two in a row.</summary>
    public static int HeightWith(int entries) => CurveHeight + (LegendRow * entries);

    /// <summary>The square that ROC curves are in, with its diagonal, the axes and the legend.</summary>
    public static void Frame(Plot plot, string horizontal, string vertical)
    {
        var chance = plot.Add.Line(0, 0, 1, 1);
        (chance.LineColor, chance.LinePattern) = (Colors.Gray, LinePattern.Dashed);
        plot.XLabel(horizontal);
        plot.YLabel(vertical);
        plot.Axes.SetLimits(0, 1, 0, 1);
        plot.Axes.Right.MinimumSize = 16;
        Legend(plot);
    }

    /// <summary>The legend below the picture, small enough for all scores that are compared.</summary>
    public static void Legend(Plot plot)
    {
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.Legend.FontSize = 11;
        plot.Legend.Padding = new(4);
        plot.Legend.InterItemPadding = new(6, 2);
        plot.ShowLegend(Edge.Bottom);
    }

    private static Panel Compare(string what, string typical, string atypical, IEnumerable<DetectorScores> scores, DetectorResult[] results)
    {
        PlotFont.Use();
        var plot = new Plot();
        foreach (var (score, result) in scores.Zip(results))
        {
            var (x, y) = Curve(score.Typical, score.Atypical);
            var curve = plot.Add.ScatterLine(x, y);
            curve.LineWidth = 2;
            curve.LegendText = string.Create(CultureInfo.InvariantCulture, $"{DetectorNames.Title(score.Name)} ({result.Auroc:f3})");
        }

        plot.Title($"Detection of {what}");
        Frame(plot, $"share of {typical}", $"share of {atypical}");
        var best = results.MaxBy(result => result.Auroc)!;
        var list = string.Join(", ", results.Select(
            result => string.Create(CultureInfo.InvariantCulture, $"{DetectorNames.Title(result.Score)} {result.Auroc:f3}")));
        return new(
            $"Detection of {what}.",
            string.Create(CultureInfo.InvariantCulture, $"ROC curves for the detection of {results[0].Atypical} {what} among "
                + $"{results[0].Typical} typical ones. AUROC: {list}. The largest is that of {DetectorNames.Title(best.Score)}."),
            plot,
            Height: 560);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Evaluation;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Accuracy against confidence, which are equal where probabilities are honest.</summary>
internal static class ReliabilityPlot
{
    public static Figure Draw(ImmutableArray<CalibrationBin> bins, double expectedError)
    {
        var known = bins.Select((bin, i) => (Bin: bin, Middle: (i + 0.5) / bins.Length)).Where(each => each.Bin.Count > 0).ToArray();
        var list = string.Join(", ", known.Where((_, i) => i % Math.Max(1, known.Length / 6) == 0 || i == known.Length - 1).Select(
            each => string.Create(CultureInfo.InvariantCulture, $"{each.Bin.Accuracy:p0} right at {each.Bin.Confidence:p0} ({each.Bin.Count})")));
        return new(
            "reliability",
            string.Create(
                CultureInfo.InvariantCulture,
                $"Softmax confidence against accuracy. Blue is how often decisions are right: light, where that is more than confidence promises; red is what it promises and does not keep. The mean of both is the expected calibration error, {expectedError:f3}."),
            Columns: 2,
            [
                new("Accuracy of each bin of confidence.", $"Reliability diagram: {list}.", Accuracies(known, bins.Length)),
                new("Samples in each bin.", $"Samples by confidence: {list}.", Counts(known, bins.Length)),
            ]);
    }

    private static Plot Accuracies((CalibrationBin Bin, double Middle)[] known, int bins)
    {
        PlotFont.Use();
        var (plot, bars) = (new Plot(), new List<Bar>());
        foreach (var (bin, middle) in known)
        {
            Add(middle, 0, Math.Min(bin.Accuracy, bin.Confidence), Colors.SteelBlue);
            Add(middle, bin.Confidence, Math.Max(bin.Accuracy, bin.Confidence), Colors.LightSkyBlue);
            Add(middle, bin.Accuracy, Math.Max(bin.Accuracy, bin.Confidence), Colors.Salmon);
        }

        plot.Add.Bars(bars);
        var diagonal = plot.Add.Line(0, 0, 1, 1);
        (diagonal.LineColor, diagonal.LinePattern) = (Colors.Gray, LinePattern.Dashed);
        plot.XLabel("confidence");
        plot.YLabel("accuracy");
        plot.Axes.SetLimits(0, 1, 0, 1);
        plot.Axes.Right.MinimumSize = 16;
        return plot;

        void Add(double middle, double from, double to, Color color) => bars.Add(new()
        {
            Position = middle,
            ValueBase = from,
            Value = to,
            Size = 0.96 / bins,
            FillColor = color,
            LineWidth = 0,
        });
    }

    private static Plot Counts((CalibrationBin Bin, double Middle)[] known, int bins)
    {
        PlotFont.Use();
        var plot = new Plot();
        plot.Add.Bars(known.Select(each => new Bar
        {
            Position = each.Middle,
            Value = each.Bin.Count,
            Size = 0.96 / bins,
            FillColor = Colors.SteelBlue,
            LineWidth = 0,
        }).ToList());
        plot.XLabel("confidence");
        plot.YLabel("samples");
        plot.Axes.SetLimits(0, 1, 0, 1.08 * known.Max(each => each.Bin.Count));
        plot.Axes.Right.MinimumSize = 16;
        return plot;
    }
}

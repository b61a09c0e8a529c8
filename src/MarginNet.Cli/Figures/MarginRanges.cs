using System.Collections.Immutable;
using System.Globalization;
using MathNet.Numerics.Statistics;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Where the labelled margins of each class lie.</summary>
internal static class MarginRanges
{
    private const int MostClasses = 40; // Of more, those of least median.
    private const int RowHeight = 24;
    private const int Frame = 80;

    /// <param name="margins">Labelled margins, shape [N].</param>
    /// <param name="labels">True classes, shape [N].</param>
    /// <param name="classNames">The names of the classes.</param>
    /// <param name="target">The margin prescribed; null for none.</param>
    public static Figure Draw(double[] margins, int[] labels, ImmutableArray<string> classNames, double? target)
    {
        var classes = margins.Zip(labels)
            .GroupBy(sample => sample.Second, sample => sample.First)
            .Select(group => (Class: group.Key, Sorted: group.Order().ToArray()))
            .OrderBy(own => own.Sorted.Median())
            .ToArray();
        var shown = classes.Take(MostClasses).OrderByDescending(own => own.Class).ToArray();
        var cut = shown.Length < classes.Length
            ? string.Create(CultureInfo.InvariantCulture, $" The {shown.Length} of {classes.Length} classes with the least median.")
            : "";
        var words = string.Join("; ", shown.Reverse().Take(10).Select(own => string.Create(
            CultureInfo.InvariantCulture,
            $"{classNames[own.Class]} {own.Sorted.Median():g3} ({Quantile(own.Sorted, 0.05):g3} to {Quantile(own.Sorted, 0.95):g3})")));
        return new(
            "margins",
            $"The margin of each sample by its label, negative where the decision is wrong: 5 to 95 % of each class as a line, the middle half as a "
                + $"bar, the median as a dot.{(target is { } mu ? string.Create(CultureInfo.InvariantCulture, $" The red line is the margin prescribed, {mu}.") : "")}{cut}",
            Columns: 1,
            [
                new(
                    "Margins by class.", $"Median labelled margins by class, with their 5 and 95 % quantiles: {words}.",
                    Plot(shown, classNames, target), Width: 560, Height: Frame + (RowHeight * shown.Length)),
            ]);
    }

    private static Plot Plot((int Class, double[] Sorted)[] shown, ImmutableArray<string> classNames, double? target)
    {
        PlotFont.Use();
        var plot = new Plot();
        for (var row = 0; row < shown.Length; row++)
        {
            var sorted = shown[row].Sorted;
            var range = plot.Add.Line(Quantile(sorted, 0.05), row, Quantile(sorted, 0.95), row);
            var middle = plot.Add.Line(Quantile(sorted, 0.25), row, Quantile(sorted, 0.75), row);
            (range.LineColor, range.LineWidth) = (Colors.SteelBlue, 2);
            (middle.LineColor, middle.LineWidth) = (Colors.SteelBlue, 9);
            plot.Add.Marker(sorted.Median(), row, MarkerShape.FilledCircle, 7, Colors.DarkOrange);
        }

        plot.Add.VerticalLine(0, color: Colors.Gray, width: 1);
        if (target is { } mu)
        {
            plot.Add.VerticalLine(mu, color: Colors.Red, width: 1.5f, pattern: LinePattern.Dashed);
        }

        plot.Axes.Left.SetTicks(
            [.. Enumerable.Range(0, shown.Length).Select(row => (double)row)], [.. shown.Select(own => classNames[own.Class])]);
        plot.XLabel("margin by the label");
        plot.Axes.SetLimitsY(-0.7, shown.Length - 0.3);
        plot.Axes.Right.MinimumSize = 16;
        return plot;
    }

    private static double Quantile(double[] sorted, double level) => SortedArrayStatistics.Quantile(sorted, level);
}

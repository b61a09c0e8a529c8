using System.Collections.Immutable;
using System.Globalization;
using MarginNet.PValues;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>The calibration margins of each class as a histogram of their logarithms, with the density of the mixture over it.</summary>
internal static class MixturePlot
{
    private const int MostClasses = 24; // Of more, those that their mixtures describe worst.
    private const double Room = 1.1;

    /// <param name="nullModel">The null model.</param>
    /// <param name="classNames">The names of its classes.</param>
    /// <param name="statistic">What it is of: margin or radius.</param>
    public static Figure Draw(MarginNullModel nullModel, ImmutableArray<string> classNames, string statistic)
    {
        int[] known = [.. Enumerable.Range(0, classNames.Length)
            .Where(c => nullModel.Classes[c].SampleCount > nullModel.Classes[c].ZeroCount)];
        int[] shown = [.. known.OrderByDescending(c => nullModel.Classes[c].KolmogorovSmirnov).Take(MostClasses).Order()];
        var which = shown.Length < known.Length
            ? string.Create(CultureInfo.InvariantCulture, $" The {shown.Length} of {known.Length} classes that are described worst.")
            : "";
        return new(
            "mixtures",
            $"Histograms of the log-{statistic}s of right decisions, with the fitted mixture: thin, its components. Where the line follows the "
                + $"bars, the mixture describes the class.{which}",
            Columns: 3,
            [.. shown.Select(c => Panel(nullModel.Classes[c], classNames[c], statistic))]);
    }

    private static Panel Panel(ClassNull own, string name, string statistic)
    {
        PlotFont.Use();
        var logarithms = Array.ConvertAll(own.Margins[own.ZeroCount..].ToArray(), Math.Log);
        var histogram = new DensityHistogram(logarithms);
        var mixture = own.Distribution.Fit.Mixture;
        var plot = new Plot();
        histogram.AddTo(plot);
        var x = histogram.Points;
        if (mixture.Components.Length > 1)
        {
            foreach (var component in mixture.Components)
            {
                var alone = new GaussianMixture(component with { Weight = 1 });
                var part = Array.ConvertAll(x, at => component.Weight * Math.Exp(alone.LogDensity(at)));
                plot.Add.ScatterLine(x, part, Colors.Gray).LineWidth = 1;
            }
        }

        var y = Array.ConvertAll(x, at => Math.Exp(mixture.LogDensity(at)));
        var curve = plot.Add.ScatterLine(x, y, Colors.OrangeRed);
        curve.LineWidth = 2;
        plot.Title(own.IsPooled ? $"{name} *" : name);
        plot.XLabel($"log {statistic}");
        plot.Axes.SetLimits(
            histogram.Start, histogram.End, 0, Room * Math.Max(histogram.Highest, Math.Min(y.Max(), 2 * histogram.Highest)));
        plot.Axes.Right.MinimumSize = 16;
        var components = string.Join(" + ", mixture.Components.Select(
            c => string.Create(CultureInfo.InvariantCulture, $"{c.Weight:f2} N({c.Mean:f2}, {c.StandardDeviation:f2})")));
        var distance = string.Create(CultureInfo.InvariantCulture, $"Kolmogorov-Smirnov distance {own.KolmogorovSmirnov:f3}");
        return new(
            $"{(own.IsPooled ? "Too few: the mixture of all classes. " : "")}{distance}.",
            string.Create(CultureInfo.InvariantCulture, $"Histogram of {logarithms.Length} log-{statistic}s of class {name}, {logarithms.Min():f2} to {logarithms.Max():f2}, with the mixture {components}; {distance}."),
            plot,
            Width: 420,
            Height: 290);
    }
}

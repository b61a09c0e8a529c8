using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Output;
using MarginNet.PValues;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>A P-P plot: the mixture's lower tail at the positive calibration margins or radii in increasing order, class by class,
/// against the uniform distribution. A mixture that fits gives the diagonal.</summary>
internal static class UniformityPlot
{
    private const int MaxPoints = 1000; // of a curve; more cannot be seen
    private const int MaxNames = 24; // in the legend; more do not fit

    /// <summary>The points of one class's curve: the share of its margins up to one, and the p-value of that one.</summary>
    public static (double[] Shares, double[] PValues) Curve(ClassNull own)
    {
        var positive = own.Margins[own.ZeroCount..];
        var count = Math.Min(positive.Length, MaxPoints);
        var (shares, values) = (new double[count], new double[count]);
        for (var i = 0; i < count; i++)
        {
            var rank = (int)((i + 0.5) * positive.Length / count);
            shares[i] = (rank + 0.5) / positive.Length;
            values[i] = own.Distribution.Score(positive[rank]).Mixture;
        }

        return (shares, values);
    }

    /// <param name="name">What files of it are called.</param>
    /// <param name="question">What its caption begins with.</param>
    /// <param name="nullModel">The null model.</param>
    /// <param name="classNames">The names of its classes.</param>
    public static Figure Figure(string name, string question, MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        var distances = classNames.Zip(nullModel.Classes, (name, own) => (Name: name, Distance: own.KolmogorovSmirnov))
            .Where(own => double.IsFinite(own.Distance))
            .ToArray();
        var worst = distances.MaxBy(own => own.Distance);
        var panel = new Panel(
            "Calibration p-values of each class against the uniform distribution; in brackets the Kolmogorov-Smirnov distance.",
            string.Create(
                CultureInfo.InvariantCulture,
                $"P-P plot of the calibration samples' lower-tail p-values: the Kolmogorov-Smirnov distance from uniform is "
                + $"{distances.Min(own => own.Distance):f3} to {worst.Distance:f3}, largest for {worst.Name}."),
            Draw(nullModel, classNames),
            Width: 560,
            Height: 420);
        return new(name, $"{question} A mixture that fits gives the diagonal.", Columns: 1, [panel]);
    }

    public static Plot Draw(MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        PlotFont.Use();
        var plot = new Plot();
        for (var c = 0; c < classNames.Length; c++)
        {
            var (shares, values) = Curve(nullModel.Classes[c]);
            if (shares.Length == 0)
            {
                continue;
            }

            var curve = plot.Add.ScatterLine(shares, values);
            curve.LineWidth = 2;
            curve.LegendText = string.Create(
                CultureInfo.InvariantCulture,
                $"{classNames[c]}{(nullModel.Classes[c].IsPooled ? "*" : "")} ({nullModel.Classes[c].KolmogorovSmirnov:f3})");
        }

        var diagonal = plot.Add.Line(0, 0, 1, 1);
        diagonal.LineColor = Colors.Gray;
        diagonal.LinePattern = LinePattern.Dashed;
        diagonal.LegendText = "uniform";
        plot.Title("Calibration p-values against the uniform distribution");
        plot.XLabel($"share of the class's calibration {CalibrationWarnings.Subject(nullModel)} that are no larger");
        plot.YLabel("lower-tail p-value");
        plot.Axes.SetLimits(0, 1, 0, 1);
        if (classNames.Length <= MaxNames)
        {
            plot.Legend.ShadowColor = Colors.Transparent;
            plot.ShowLegend(Edge.Right);
        }

        return plot;
    }
}

using System.Globalization;
using MarginNet.Cli.Reproduction;
using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>The accuracy on the test images after each epoch, for each network of the first seed.</summary>
internal static class LearningCurves
{
    private const int MaxMarked = 40; // Epochs up to which each has a marker.

    public static Figure Draw(ExperimentResult experiment)
    {
        PlotFont.Use();
        var plot = new Plot();
        foreach (var run in experiment.Runs)
        {
            var history = run.Seeds[0].History;
            var curve = plot.Add.Scatter(
                history.Select(epoch => (double)epoch.Epoch).ToArray(), history.Select(epoch => 100 * epoch.Test).ToArray());
            curve.LineWidth = 2;
            curve.MarkerSize = history.Length <= MaxMarked ? 6 : 0;
            curve.LegendText = InFont(run.Run.Title);
        }

        plot.Title("Test accuracy after each epoch");
        plot.XLabel("epoch");
        plot.YLabel("accuracy, %");
        plot.Axes.SetLimitsY(0, 100);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        plot.Axes.Right.MinimumSize = 16;
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.ShadowColor = Colors.Transparent;
        plot.ShowLegend(Edge.Bottom);
        var ends = string.Join(
            "; ",
            experiment.Runs.Select(run => string.Create(
                CultureInfo.InvariantCulture, $"{run.Run.Title} {run.Seeds[0].History[0].Test:p1} to {run.Seeds[0].History[^1].Test:p1}")));
        var panel = new Panel(
            "Test accuracy after each epoch.", $"Line chart of the test accuracy from the first epoch to the last: {ends}.", plot,
            Width: 700, Height: 420);
        return new("learning-curves", "Test accuracy after each epoch, first seed. No epoch was chosen by it: "
            + "the last one counts.", Columns: 1, [panel]);
    }

    /// <summary>The font has the micro sign, but no Greek letters.</summary>
    private static string InFont(string text) => text.Replace('μ', 'µ');
}

using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Reproduction;
using MarginNet.Margins;
using MarginNet.PValues;
using ScottPlot.Plottables;

namespace MarginNet.Cli.Tests.Figures;

public sealed class MarginHistogramsTests
{
    private static readonly NetworkRun Run = Presets.All.Single(preset => preset.Name == "paper").Runs.Single(run => run.PaperFigure == 1);

    [Fact]
    public void The_four_panels_share_their_axes_and_each_shows_all_of_its_samples()
    {
        var figure = Draw(spread: 40);
        Assert.Equal((2, 4), (figure.Columns, figure.Panels.Length));
        Assert.StartsWith("Figure 1 of the paper", figure.Caption, StringComparison.Ordinal);
        var limits = figure.Panels.Select(panel => panel.Plot.Axes.GetLimits()).ToArray();
        Assert.All(limits, own => Assert.Equal(limits[0], own));
        Assert.InRange(50, limits[0].Left, limits[0].Right); // μ
        Assert.All(figure.Panels, panel => Assert.Equal(100, Bars(panel).Sum(bar => bar.Value), 1e-9));
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(40)]
    [InlineData(4000)]
    public void No_bar_straddles_0_so_decision_margins_lie_to_its_right(double spread)
    {
        var figure = Draw(spread);
        Assert.All(figure.Panels.SelectMany(Bars), bar => Assert.True(Math.Abs(bar.Position) >= (bar.Size / 2) - 1e-9));
        Assert.All(figure.Panels.Skip(2).SelectMany(Bars), bar => Assert.True(bar.Position > 0));
        Assert.Contains(Bars(figure.Panels[1]), bar => bar.Position < 0);
    }

    [Fact]
    public void The_description_has_the_numbers_of_the_panel()
    {
        var scores = Scores(40);
        var margins = NetworkScores.LabelledMargins(scores.Test);
        var panel = MarginHistograms.Draw(Run, scores, 0.1).Panels[1];
        Assert.Contains($"of {margins.Length} samples held out", panel.Description, StringComparison.Ordinal);
        Assert.Contains(
            FormattableString.Invariant($"{(double)margins.Count(margin => margin < 0) / margins.Length:p1} are negative"),
            panel.Description,
            StringComparison.Ordinal);
        Assert.Contains(
            FormattableString.Invariant($"{(double)margins.Count(margin => margin >= 50) / margins.Length:p1} are at least 50"),
            panel.Description,
            StringComparison.Ordinal);
    }

    private static IEnumerable<ScottPlot.Bar> Bars(Panel panel) => panel.Plot.GetPlottables<BarPlot>().SelectMany(plot => plot.Bars);

    private static Figure Draw(double spread) => MarginHistograms.Draw(Run, Scores(spread), 0.1);

    private static NetworkScores Scores(double spread)
    {
        var (train, test, attacked) = (Draw(500, spread, 1), Draw(300, spread, 2), Draw(300, spread, 3));
        return new(train, test, attacked, MarginNullModel.Fit(train.Margins, train.Predicted, train.Labels, 3));
    }

    private static Samples Draw(int count, double spread, int seed)
    {
        var random = new Random(seed);
        var scores = new ScoreMatrix([.. Enumerable.Range(0, 3 * count).Select(_ => (float)(spread * random.NextDouble()))], 3);
        return Samples.FromModel(scores, [.. Enumerable.Range(0, count).Select(i => i % 3)], ["a", "b", "c"], "test");
    }
}

using MarginNet.Cli.Figures;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>The histograms of margins, and how training went.</summary>
internal static class FigureSection
{
    public static PageSection Compose(ExperimentResult experiment, ExperimentFigures figures) => new(
        "margins", "Margins (Figures 1 and 2)", Html.Format(
        $"""
        <p>Margins of the first seed's networks. A negative margin by the label is a wrong decision; margins by the network's own decision are never negative.</p>
        {experiment.Runs.Zip(figures.Networks, (run, own) => (run, own)).OrderBy(pair => pair.run.Run.PaperFigure ?? int.MaxValue).Select(pair => Html.Format($"<h3>{pair.run.Run.Title}</h3>\n{FigureHtml.Embed(pair.own.Margins)}"))}
        <h3>Training</h3>
        {FigureHtml.Embed(figures.Learning)}
        """), "Margins");
}

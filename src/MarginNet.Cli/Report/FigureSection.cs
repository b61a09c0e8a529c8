using MarginNet.Cli.Figures;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>The histograms of margins, and how training went.</summary>
internal static class FigureSection
{
    public static Html Compose(ExperimentResult experiment, ExperimentFigures figures) => Html.Format(
        $"""
        <section id="margins">
        <h2>Margins (Figures 1 and 2)</h2>
        <p>Margins of the first seed's networks. A negative margin by the label is a wrong decision; margins by the network's own decision are never negative.</p>
        {experiment.Runs.Zip(figures.Networks, (run, own) => (run, own)).OrderBy(pair => pair.run.Run.PaperFigure ?? int.MaxValue).Select(pair => Html.Format($"<h3>{pair.run.Run.Title}</h3>\n{Embed(pair.own.Margins)}"))}
        <h3>Training</h3>
        {Embed(figures.Learning)}
        </section>

        """);

    /// <summary>A figure with its panels beside one another where there is room.</summary>
    public static Html Embed(Figure figure) => Html.Format(
        $"""
        <figure class="group">
        <figcaption>{figure.Caption}</figcaption>
        <div class="panels{(figure.Columns > 1 ? " two" : "")}">
        {figure.Panels.Select(Embed)}</div>
        </figure>

        """);

    private static Html Embed(Panel panel) => Html.Format(
        $"""
        <figure><img src="data:image/webp;base64,{Convert.ToBase64String(FigureFile.ToWebp(panel))}" width="{panel.Width}" height="{panel.Height}" alt="{panel.Description}" /><figcaption>{panel.Caption}</figcaption></figure>

        """);
}

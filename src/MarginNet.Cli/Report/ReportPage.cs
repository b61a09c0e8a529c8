using System.Reflection;
using System.Text;
using MarginNet.Checkpoints;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>The report: one HTML file with everything in it, which needs no network to be read.</summary>
internal static class ReportPage
{
    private const string Title = "Margin training and margin p-values: the paper's experiment";

    public static void Save(string path, ExperimentResult experiment, ExperimentFigures figures, string command)
    {
        var page = Compose(experiment, figures, command);
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
    }

    public static string Compose(ExperimentResult experiment, ExperimentFigures figures, string command)
    {
        Html[] sections =
        [
            Header(experiment, command),
            Html.Format($"<main>\n"),
            AccuracySection.Compose(experiment),
            FigureSection.Compose(experiment, figures),
            PValueSection.Compose(experiment, figures),
            ConfigurationSection.Compose(experiment, command),
            Html.Format($"</main>\n"),
            Footer(),
        ];
        using var template = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("MarginNet.Cli.Report.page.html")!);
        return template.ReadToEnd()
            .Replace("{{title}}", Html.Format($"{Title}").Text, StringComparison.Ordinal)
            .Replace("{{content}}", Html.Join(sections).Text, StringComparison.Ordinal);
    }

    private static Html Header(ExperimentResult experiment, string command) => Html.Format(
        $"""
        <header>
        <h1>{Title}</h1>
        <p>Section IV and V of G. Kesidis, D. J. Miller and Z. Xiang, <cite>Notes on Margin Training and Margin p-Values for Deep Neural Network Classifiers</cite>, repeated with MarginNet: preset {experiment.Settings.Preset}, {experiment.Settings.Network}, {experiment.Data.Train:n0} training and {experiment.Data.Test:n0} test images of {experiment.Data.Name}, {experiment.Settings.Seeds} {(experiment.Settings.Seeds == 1 ? "seed" : "seeds")}.</p>
        <p><code>{command}</code></p>
        <nav aria-label="Sections"><ul><li><a href="#accuracy">Accuracy</a></li><li><a href="#margins">Margins</a></li><li><a href="#p-values">p-values</a></li><li><a href="#configuration">Configuration</a></li></ul></nav>
        </header>

        """);

    private static Html Footer() => Html.Format(
        $"""
        <footer><p>Every number and sentence on this page is computed from the files beside it: <code>results.json</code>, and for each seed the networks, scores, null models and histories.</p></footer>

        """);
}

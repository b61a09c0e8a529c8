using MarginNet.Cli.Figures;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>The report of an experiment.</summary>
internal static class ReportPage
{
    public static Page Compose(ExperimentResult experiment, ExperimentFigures figures, string command) => new(
        "Margin training and margin p-values: the paper's experiment",
        Lead(experiment),
        command,
        [
            AccuracySection.Compose(experiment),
            FigureSection.Compose(experiment, figures),
            PValueSection.Compose(experiment, figures),
            ConfigurationSection.Compose(experiment, command),
        ])
    {
        Footer = Html.Format(
            $"Every number and sentence on this page is computed from the files beside it: <code>results.json</code>, and for each seed the networks, scores, null models and histories."),
    };

    private static Html Lead(ExperimentResult experiment) => Html.Format(
        $"Section IV and V of G. Kesidis, D. J. Miller and Z. Xiang, <cite>Notes on Margin Training and Margin p-Values for Deep Neural Network Classifiers</cite>, repeated with MarginNet: preset {experiment.Settings.Preset}, {experiment.Settings.Network}, {experiment.Data.Train:n0} training and {experiment.Data.Test:n0} test images of {experiment.Data.Name}, {experiment.Settings.Seeds} {(experiment.Settings.Seeds == 1 ? "seed" : "seeds")}.");
}

using System.Globalization;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>Table I beside the paper's, what it says, and what was done otherwise.</summary>
internal static class AccuracySection
{
    public static PageSection Compose(ExperimentResult experiment) => new("accuracy", "Accuracy (Table I)", Html.Format(
        $"""
        {Table(experiment)}
        <ul>
        {Findings.OnMargins(experiment).Select(sentence => Html.Format($"<li>{sentence}</li>\n"))}</ul>
        <h3>Certified radii (Theorem 2.1)</h3>
        {Certificates(experiment)}
        <h3>What was done otherwise than in the paper</h3>
        {Differences(experiment)}
        """), "Accuracy");

    private static Html Table(ExperimentResult experiment) => ScrollTable.Compose(
        string.Create(
            CultureInfo.InvariantCulture,
            $"Test accuracy, clean and under FGSM with ε = {experiment.Settings.Epsilon} made on {experiment.Baseline.Run.Title} and "
            + $"transferred to all. {Capital(Estimate.Describe(experiment.Settings.Seeds))}; differences from the paper in points."),
        [
            ScrollTable.Head("network"), ScrollTable.NumberHead("clean"), ScrollTable.NumberHead("paper"),
            ScrollTable.NumberHead("difference"), ScrollTable.NumberHead("FGSM"),
            ScrollTable.NumberHead("paper"), ScrollTable.NumberHead("difference"), ScrollTable.NumberHead("training accuracy"),
            ScrollTable.NumberHead("training margins ≥ μ"),
        ],
        experiment.Runs.Select(run => ScrollTable.Row(
            run.Run.Title,
            Value(run.Clean),
            ScrollTable.Number($"{ResultTable.Percent(run.Run.Paper?.Clean)}"),
            ScrollTable.Number($"{Difference(run.Clean.Value, run.Run.Paper?.Clean)}"),
            Value(run.Attacked),
            ScrollTable.Number($"{ResultTable.Percent(run.Run.Paper?.Attacked)}"),
            ScrollTable.Number($"{Difference(run.Attacked.Value, run.Run.Paper?.Attacked)}"),
            ScrollTable.Number($"{run.Seeds.Average(seed => seed.Result.Train.Rate):p2}"),
            ScrollTable.Number($"{ResultTable.MarginsMet(run)}"))));

    private static Html Certificates(ExperimentResult experiment) => ScrollTable.Compose(
        "What the margins on test images certify by proven bounds, in l2 of [0,1] pixels; first seed. "
        + "Without training for it bounds are vacuous: then only their order of magnitude counts.",
        [ScrollTable.Head("network"), ScrollTable.NumberHead(
            "log10 of the bound of L_∞"), ScrollTable.NumberHead("median radius"), ScrollTable.NumberHead("certified at 36/255")],
        experiment.Runs.Where(run => run.First.Certificates is not null).Select(run => ScrollTable.Row(
            run.Run.Title,
            ScrollTable.Number($"{Math.Log10(run.First.Certificates!.ScoresBound):f2}"),
            ScrollTable.Number($"{run.First.Certificates.MedianRadius?.ToString("g3", CultureInfo.InvariantCulture) ?? "-"}"),
            ScrollTable.Number($"{run.First.Certificates.Certified.Rate:p2}"))));

    private static Html Differences(ExperimentResult experiment) => ScrollTable.Compose(
        "Settings of the margin-trained networks beside the paper's; those that differ are marked.",
        [ScrollTable.Head("setting"), ScrollTable.Head("paper"), ScrollTable.Head("here")],
        PaperDifference.Of(experiment).Select(row => ScrollTable.Row(
            row.Name,
            ScrollTable.Cell(row.Paper ?? "not stated"),
            row.Differs ? Html.Format($"<td class=\"differs\">{row.Here} (differs)</td>") : ScrollTable.Cell(row.Here))));

    private static Html Value(Estimate estimate) =>
        ScrollTable.Number($"{estimate.Value:p2} <small>{estimate.IntervalText}</small>");

    private static string Difference(double here, double? paper) =>
        paper is { } value ? (100 * (here - value)).ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture) : "-";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}

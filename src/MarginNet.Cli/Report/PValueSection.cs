using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Pages;
using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Report;

/// <summary>Section V for each network: the null models, and the p-values as detectors.</summary>
internal static class PValueSection
{
    public static PageSection Compose(ExperimentResult experiment, ExperimentFigures figures) => new(
        "p-values", "Margin p-values (section V)", Html.Format(
        $"""
        <p>For each class a Gaussian mixture describes the log-margins of the right decisions on the training images (EM, order by BIC). All of this is of the first seed's networks.</p>
        {experiment.Runs.Zip(figures.Networks, (run, own) => Network(run, own, experiment.Settings.Resamples))}
        """), "p-values");

    private static Html Network(RunResult run, NetworkFigures figures, int resamples) => Html.Format(
        $"""
        <h3>{run.Run.Title}</h3>
        <ul>
        {Findings.OnPValues(run).Select(sentence => Html.Format($"<li>{sentence}</li>\n"))}</ul>
        {Detectors(run, resamples)}
        {FigureHtml.Embed(figures.Roc)}
        {NullModel(run)}
        {FigureHtml.Embed(figures.Uniformity)}
        """);

    private static Html Detectors(RunResult run, int resamples)
    {
        var (wrong, attack) = (run.First.WrongDecisions, run.First.Attack);
        return ScrollTable.Compose(
            string.Create(CultureInfo.InvariantCulture, $"{run.Run.Title}: AUROC with 95 % intervals (bootstrap, "
                + $"{resamples} draws) of right from wrong decisions on test images{Counts(wrong)}, "
                + $"and of clean from attacked images{Counts(attack)}. The lower-tail and the two-sided p-value are by rank within the "
                + $"decided class, the former continued by the mixture below all ranks; the printed one is the class-wise mixture’s own; "
                + $"softmax is the log-odds of the largest softmax probability."),
            [
                ScrollTable.Head("score"), ScrollTable.NumberHead("wrong decisions"), ScrollTable.NumberHead("FPR at 95 % TPR"),
                ScrollTable.NumberHead("attacked images"),
                ScrollTable.NumberHead("FPR at 95 % TPR"),
            ],
            NetworkResult.Detectors.Select(
                score => ScrollTable.Row(DetectorNames.Title(score), [.. Cells(wrong, score), .. Cells(attack, score)])));
    }

    private static string Counts(ImmutableArray<DetectorResult> results) =>
        results.IsEmpty ? "" : string.Create(CultureInfo.InvariantCulture, $" ({results[0].Typical:n0} and {results[0].Atypical:n0})");

    private static IEnumerable<Html> Cells(ImmutableArray<DetectorResult> results, string score) =>
        results.FirstOrDefault(result => result.Score == score) is { } found
            ? [ScrollTable.Number($"{found.Auroc:f3} <small>[{found.AurocInterval.Low:f3}, {found.AurocInterval.High:f3}]</small>"),
                ScrollTable.Number($"{found.FprAt95Tpr:p1}")]
            : [ScrollTable.Number($"-"), ScrollTable.Number($"-")];

    private static Html NullModel(RunResult run) => ScrollTable.Compose(
        $"{run.Run.Title}: the null model, fitted to right decisions on training images. The distance is that of Kolmogorov and Smirnov, "
        + "of the p-values of the same images from uniform; * marks a class with too few, scored by the mixture of all.",
        [
            ScrollTable.Head("decided class"), ScrollTable.NumberHead("right"), ScrollTable.NumberHead("wrong, left out"),
            ScrollTable.NumberHead("components"),
            ScrollTable.NumberHead("distance"), ScrollTable.NumberHead("p of the fit"),
            ScrollTable.Head("mixture of log-margins: weight N(mean, deviation)"),
        ],
        run.First.Null.Select(own => ScrollTable.Row(
            own.IsPooled ? $"{own.Name} *" : own.Name,
            ScrollTable.Number($"{own.Right:n0}"),
            ScrollTable.Number($"{own.Wrong:n0}"),
            ScrollTable.Number($"{own.Components.Length}"),
            Distance(own),
            own.FitPValue is { } fit ? ScrollTable.Number($"{fit:f3}") : ScrollTable.Number($"-"),
            Html.Format(
                $"<td class=\"keep\">{string.Join(" + ", own.Components.Select(c => string.Create(CultureInfo.InvariantCulture, $"{c.Weight:f2} N({c.Mean:f2}, {c.StandardDeviation:f2})")))}</td>"))));

    private static Html Distance(NullSummary own) => own.KolmogorovSmirnov switch
    {
        null => ScrollTable.Number($"-"),
        { } distance when own.IsPoor => Html.Format($"<td class=\"n differs\">{distance:f3} poor</td>"),
        { } distance => ScrollTable.Number($"{distance:f3}"),
    };
}

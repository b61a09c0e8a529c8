using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Output;
using MarginNet.Detection;

namespace MarginNet.Cli.Pages;

/// <summary>Detectors to look at: what is flagged, what is missed, and what it costs.</summary>
/// <param name="sets">The comparisons.</param>
/// <param name="fitted">What scores were fitted to.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class DetectionPage(IReadOnlyList<DetectedSet> sets, string fitted, int thumbnails)
{
    private const int GalleriesOfEach = 3;

    private readonly int _each = Math.Max(1, thumbnails / (GalleriesOfEach * sets.Count));

    public Page Compose(string subject, string command) => new(
        "Detection",
        Html.Format($"How well margin p-values and other scores tell the atypical from the typical, {subject}; and what the threshold in use flags."),
        command,
        [.. sets.Select(set => new PageSection(
            set.Section.Id.Replace('_', '-'), Capital(set.Section.Title), Compose(set), Capital(set.Section.Atypical)))])
    {
        Facts = [.. sets.SelectMany(Facts)],
    };

    private IEnumerable<PageFact> Facts(DetectedSet set)
    {
        var best = set.Section.Rows.MaxBy(row => row.Report.Metrics.Auroc)!;
        yield return new(
            $"{set.Section.Atypical} flagged", Text($"{set.Atypical.Flagged.Rate:p1}"),
            Text($"{set.Atypical.Flagged.Count:n0} of {set.Atypical.Flagged.Total:n0}; p ≤ {set.Rule.Threshold.Value:g3}, {set.RuleText}"));
        yield return new(
            $"{set.Section.Typical} flagged", Text($"{set.Typical.Flagged.Rate:p1}"),
            Text($"{set.Typical.Flagged.Count:n0} of {set.Typical.Flagged.Total:n0}"));
        yield return new("best AUROC", Text($"{best.Report.Metrics.Auroc:f3}"), $"{best.Title}, on {set.Section.Atypical}");
    }

    private Html Compose(DetectedSet set) => Html.Format(
        $"""
        {FigureHtml.Embed(DetectionCurves.Draw(set))}
        {Scores(set)}
        {Selective(set)}
        {Images(set)}
        """);

    private Html Scores(DetectedSet set) => ScrollTable.Sortable(
        Text($"{Capital(set.Section.Title)}, with 95 % bootstrap intervals. Scores that order all samples alike share a row. {fitted}"),
        [
            ScrollTable.Head("score"), ScrollTable.NumberHead("AUROC"), ScrollTable.NumberHead("AUPR typical"),
            ScrollTable.NumberHead("AUPR atypical"), ScrollTable.NumberHead("FPR at 95 % TPR"),
        ],
        set.Section.Rows.Select(row => ScrollTable.Row(
            row.Title,
            Cell(row.Report.Metrics.Auroc, row.Report.Auroc),
            Cell(row.Report.Metrics.AuprIn, row.Report.AuprIn),
            Cell(row.Report.Metrics.AuprOut, row.Report.AuprOut),
            Cell(row.Report.Metrics.FprAt95Tpr, row.Report.FprAt95Tpr))));

    private static Html Selective(DetectedSet set) => set.Section.Kind != DetectionTable.WrongDecisions ? default : Html.Format(
        $"""
        {FigureHtml.Embed(RiskCoverageCurves.Draw(set))}
        {ScrollTable.Sortable(
            $"{DetectionTable.SelectiveTitle}; with 95 % bootstrap intervals.",
            [ScrollTable.Head("score"), ScrollTable.NumberHead("AURC"), ScrollTable.NumberHead("E-AURC"), ScrollTable.NumberHead("AUGRC")],
            set.Section.Rows.Select(row => ScrollTable.Row(
                row.Title,
                Fine(row.Report.Metrics.Aurc, row.Report.Aurc),
                Fine(row.Report.Metrics.ExcessAurc, row.Report.ExcessAurc),
                Fine(row.Report.Metrics.Augrc, row.Report.Augrc))))}
        """);

    private Html Images(DetectedSet set)
    {
        if (SampleCard.Missing(set.Atypical.Samples, thumbnails) is { } missing)
        {
            return missing;
        }

        return Html.Format(
            $"""
            <h3>Found</h3>
            {Show(set.Atypical, isFlagged: true, isFalling: false, $"{Capital(set.Section.Atypical)} that are flagged, the smallest p-value first.")}
            <h3>Missed</h3>
            {Show(set.Atypical, isFlagged: false, isFalling: true, $"{Capital(set.Section.Atypical)} that are not flagged, the largest p-value first.")}
            <h3>False alarms</h3>
            {Show(set.Typical, isFlagged: true, isFalling: false, $"{Capital(set.Section.Typical)} that are flagged, the smallest p-value first.")}
            """);
    }

    private Html Show(DetectedSide side, bool isFlagged, bool isFalling, string caption)
    {
        var those = side.Indices.Where(i => side.IsFlagged(i) == isFlagged)
            .OrderBy(i => isFalling ? -side.PValues[i] : side.PValues[i])
            .ToArray();
        var cut = those.Length > _each ? Text($" {_each:n0} of {those.Length:n0}.") : "";
        return Gallery.Compose(
            $"{caption}{cut}",
            side.Samples.Pictures is null ? [] : [.. those.Take(_each).Select(i => SampleCard.Compose(
                side.Samples, i, Html.Format($"p {side.PValues[i]:g2}"), Html.Format($"margin {side.Samples.Margins[i]:g2}")))]);
    }

    private static Html Cell(double value, Interval interval) =>
        ScrollTable.Number($"{value:f3} <small>[{interval.Low:f3}, {interval.High:f3}]</small>");

    private static Html Fine(double value, Interval interval) =>
        ScrollTable.Number($"{value:f4} <small>[{interval.Low:f4}, {interval.High:f4}]</small>");

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

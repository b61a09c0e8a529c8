using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Detection;
using MarginNet.Evaluation;

namespace MarginNet.Cli.Pages;

/// <summary>An evaluation to look at: what is confused with what, and the worst of it.</summary>
/// <param name="report">The figures.</param>
/// <param name="samples">The samples, which have labels.</param>
/// <param name="temperature">The calibrated temperature; null where there is none.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class EvaluationPage(EvaluationReport report, Samples samples, double? temperature, int thumbnails)
{
    private const int TypicalOfEach = 3;
    private const int PicturesOfEach = 1 + (2 * TypicalOfEach);

    public Page Compose(string subject, string command) => new(
        "Evaluation",
        Html.Format($"Decisions, margins and confidences on {samples.Count:n0} labelled samples, {subject}."),
        command,
        [
            new("worst", "Most confidently wrong", Worst(), "Worst images"),
            new("confusion", "Confusion", ConfusionTable.Compose(report.Confusion, samples.ClassNames)),
            new("reliability", "Reliability", FigureHtml.Embed(
                ReliabilityPlot.Draw(report.CalibrationBins, report.ExpectedCalibrationError))),
            new("margins", "Margins", Margins()),
            new("classes", "Classes", Classes()),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        yield return new("samples", Text($"{report.Accuracy.Total:n0}"));
        yield return new("accuracy", Text($"{report.Accuracy.Rate:p1}"), ShareText.Interval(report.Accuracy));
        if (report.ConstraintsMet is { } met)
        {
            yield return new(Text($"margin at least {report.TargetMargin:g4}"), Text($"{met.Rate:p1}"), ShareText.Interval(met));
        }

        yield return new(
            "calibration error", Text($"{report.ExpectedCalibrationError:f3}"),
            temperature is { } value ? Text($"at the temperature {value:g3}") : "no temperature was calibrated");
        yield return new("log-likelihood", Text($"{-report.NegativeLogLikelihood:f3}"), "nats for each sample");
    }

    private Html Worst()
    {
        if (SampleCard.Missing(samples, thumbnails) is { } missing)
        {
            return missing;
        }

        var typical = new TypicalSamples(samples, TypicalOfEach);
        int[] worst = [.. Enumerable.Range(0, samples.Count)
            .Where(i => !samples.IsRight(i))
            .OrderByDescending(i => samples.Margins[i])
            .Take(Math.Max(1, thumbnails / PicturesOfEach))];
        return Gallery.Compose(
            "Wrong decisions of largest margin, beside typical samples of the class given and of the class decided. "
                + "Are the labels wrong, or is the network?",
            [.. worst.Select(i => SampleCard.Beside(
                samples, i, typical.Beside(i, samples.Labels[i], samples.Predicted[i]), Html.Format($"margin {samples.Margins[i]:g3}")))],
            isWide: true);
    }

    private Html Margins()
    {
        var labelled = samples.ToScores().LabelledMargins(samples.Labels);
        return Html.Format(
            $"""
            {FigureHtml.Embed(MarginRanges.Draw(labelled, samples.Labels, samples.ClassNames, report.TargetMargin))}
            {ScrollTable.Compose(
                "Quantiles of the margins: by the label, negative where the decision is wrong, and of the decision.",
                [ScrollTable.Head("margin"), .. report.LabelledMargins.Select(quantile => ScrollTable.NumberHead(Text($"{100 * quantile.Level:0.##} %")))],
                [Row("by the label", report.LabelledMargins), Row("of the decision", report.DecisionMargins)])}
            """);

        static Html Row(string name, IEnumerable<MarginQuantile> quantiles) =>
            ScrollTable.Row(name, quantiles.Select(quantile => ScrollTable.Number($"{quantile.Margin:g4}")));
    }

    private Html Classes() => ScrollTable.Sortable(
        "By class given: right decisions with exact 95 % intervals, and what the others are most often taken for.",
        [
            ScrollTable.Head("class"), ScrollTable.NumberHead("samples"), ScrollTable.NumberHead("right"),
            ScrollTable.NumberHead("interval"), ScrollTable.Head("most often taken for"), ScrollTable.NumberHead("times"),
        ],
        report.ClassAccuracies.Select((share, c) => ScrollTable.Row(samples.ClassNames[c], [.. Cells(share, c)])));

    private IEnumerable<Html> Cells(Proportion share, int label)
    {
        var interval = share.ExactInterval();
        yield return ScrollTable.Number($"{share.Total:n0}");
        yield return share.Total == 0 ? ScrollTable.Number($"-") : ScrollTable.Number($"{share.Rate:p1}");
        yield return share.Total == 0 ? ScrollTable.Number($"-") : ScrollTable.Number($"{100 * interval.Low:f1} to {100 * interval.High:f1} %");
        var confused = ConfusionTable.MostConfused(report.Confusion, label);
        yield return ScrollTable.Cell(confused is { } found ? samples.ClassNames[found.Class] : "-");
        yield return confused is { } times ? ScrollTable.Number($"{times.Count:n0}") : ScrollTable.Number($"-");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

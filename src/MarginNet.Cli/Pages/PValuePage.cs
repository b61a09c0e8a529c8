using System.Globalization;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Pages;

/// <summary>The p-values of samples to look at: the least typical first.</summary>
/// <param name="table">The p-values.</param>
/// <param name="samples">The samples they are of.</param>
/// <param name="nullModel">What they are by.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class PValuePage(PValueTable table, Samples samples, MarginNullModel nullModel, int thumbnails)
{
    private const int MostNamed = 4; // classes of a set, of which some have hundreds

    /// <summary>The samples, the least typical first.</summary>
    private readonly int[] _order = [.. Enumerable.Range(0, samples.Count)
        .OrderBy(i => table.Rows[i].Adjusted)
        .ThenBy(i => table.Rows[i].PValue.Extrapolated)
        .ThenBy(i => table.Rows[i].Margin)];

    public Page Compose(string subject, string command) => new(
        table.Confidence is null ? "Margin p-values" : "p-values",
        table.Confidence is null
            ? Html.Format($"How typical the margins of {samples.Count:n0} samples are, {subject}: a small p-value is of a margin that is small for its decided class.")
            : Html.Format($"How typical {samples.Count:n0} samples are by their {table.Deciding}, {subject}: a small p-value is of a score that is small among those of right decisions."),
        command,
        [
            new("images", "The least typical", Images(), "Images"),
            new("p-values", "p-values", Figures()),
            .. table.Sets is null ? Array.Empty<PageSection>() : [new("sets", "Prediction sets", Sets(table.Sets), "Sets")],
            new("classes", "Classes", Classes()),
            new("samples", "Samples", Table()),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        var flagged = new Proportion(table.Rows.Count(row => row.Flagged), samples.Count);
        yield return new("samples", Text($"{samples.Count:n0}"));
        yield return new(
            "flagged", Text($"{flagged.Count:n0}"),
            Text($"{flagged.Rate:p1}; {(table.IsAdjusted ? "adjusted " : "")}p ≤ {table.Rule.Threshold.Value:g3}, {table.Deciding}"));
        if (samples.AreLabelled)
        {
            yield return new("accuracy", Text($"{Accuracy(_ => true).Rate:p1}"), ShareText.Interval(Accuracy(_ => true)));
            yield return new("of those flagged", Percent(Accuracy(i => table.Rows[i].Flagged)), "right decisions");
            yield return new("of the others", Percent(Accuracy(i => !table.Rows[i].Flagged)), "right decisions");
        }

        if (table.Sets is { } sets)
        {
            var size = table.Rows.Average(row => row.Set!.Length);
            yield return new("classes in a set", Text($"{size:f2}"), Text($"on average, by {sets.Name}"));
            if (table.Covered() is { Total: > 0 } covered)
            {
                yield return new(
                    "true class in the set", Text($"{covered.Rate:p1}"),
                    Text($"{sets.Coverage:p1} asked for; {ShareText.Interval(covered)}"));
            }
        }
    }

    private Html Images()
    {
        var shown = _order.Take(thumbnails).ToArray();
        return SampleCard.Missing(samples, thumbnails) ?? Gallery.Compose(
            Text($"The {shown.Length:n0} of {samples.Count:n0} samples with the smallest p-values, the smallest first. {SampleCard.Legend}"),
            [.. shown.Select(i => SampleCard.Compose(samples, i, Said(i)))]);
    }

    private IEnumerable<Html> Said(int i)
    {
        var row = table.Rows[i];
        yield return Html.Format($"p {row.Adjusted:g2}{(row.Flagged ? " flagged" : "")}");
        yield return Html.Format($"margin {row.Margin:g2}");
        if (row.Radius is { } radius)
        {
            yield return Html.Format($"radius {radius:g2}");
        }

        if (row.Set is { } set)
        {
            yield return Html.Format($"set: {Names(set)}");
        }
    }

    /// <summary>The classes of a set, the most probable first.</summary>
    private string Names(int[] set)
    {
        var names = string.Join(", ", set.Take(MostNamed).Select(y => samples.ClassNames[y]));
        return set.Length == 0 ? "none" : set.Length > MostNamed ? Text($"{names} and {set.Length - MostNamed} more") : names;
    }

    private Html Sets(ClassSets sets)
    {
        var isLabelled = samples.AreLabelled;
        int[] Sizes(Func<PValueRow, bool> counts) => [.. table.Rows.Where(counts).Select(row => row.Set!.Length)];
        (string Name, int[] Sizes)[] groups = isLabelled
            ? [("sets with the true class", Sizes(row => row.HasTrueClass)), ("sets without it", Sizes(row => !row.HasTrueClass))]
            : [("sets", Sizes(_ => true))];
        var bySize = table.Rows.GroupBy(row => row.Set!.Length).OrderBy(group => group.Key);
        var sizes = ScrollTable.Compose(
            Text($"By size. The true class is to be in {sets.Coverage:p1} of all sets, not of those of each size."),
            [
                ScrollTable.Head("classes"), ScrollTable.NumberHead("sets"), ScrollTable.NumberHead("share"),
                .. isLabelled ? [ScrollTable.NumberHead("true class in them")] : Array.Empty<Html>(),
            ],
            bySize.Select(group => ScrollTable.Row(
                Text($"{group.Key}"),
                [
                    ScrollTable.Number($"{group.Count():n0}"), ScrollTable.Number($"{(double)group.Count() / samples.Count:p1}"),
                    .. isLabelled ? [ScrollTable.Number($"{ShareText.Cell(table.Covered(group.Key))}")] : Array.Empty<Html>(),
                ])));
        return Html.Join([FigureHtml.Embed(SetSizePlot.Draw(groups)), sizes]);
    }

    private Html Figures()
    {
        var p = table.Rows.Select(row => row.P(table.Rule.Tail)).ToArray();
        var (right, wrong) = samples.Part(p);
        return FigureHtml.Embed(PValuePlots.Draw(
            samples.AreLabelled ? [("right decisions", right), ("wrong decisions", wrong)] : [("samples", p)], table.Rule.Threshold.Value));
    }

    private Html Classes()
    {
        var isLabelled = samples.AreLabelled;
        var byClass = Enumerable.Range(0, samples.Count).ToLookup(i => samples.Predicted[i]);
        Html[] accuracies = isLabelled ? [ScrollTable.NumberHead("right, flagged"), ScrollTable.NumberHead("right, others")] : [];
        return ScrollTable.Sortable(
            "By decided class. * has too few calibration samples of its own, and is scored by those of all classes; ? is poorly described "
                + "by its mixture, on which the lower tail does not rest.",
            [
                ScrollTable.Head("decided class"), ScrollTable.NumberHead("calibrated on"), ScrollTable.NumberHead("samples"),
                ScrollTable.NumberHead("flagged"), .. accuracies,
            ],
            samples.ClassNames.Select((name, c) => ScrollTable.Row(
                $"{name} {PValueSummary.Mark(nullModel.Classes[c])}".TrimEnd(),
                [
                    ScrollTable.Number($"{nullModel.Classes[c].SampleCount:n0}"),
                    ScrollTable.Number($"{byClass[c].Count():n0}"),
                    ScrollTable.Number($"{Percent(new(byClass[c].Count(i => table.Rows[i].Flagged), byClass[c].Count()))}"),
                    .. isLabelled
                        ?
                        [
                            ScrollTable.Number($"{Percent(Accuracy(i => samples.Predicted[i] == c && table.Rows[i].Flagged))}"),
                            ScrollTable.Number($"{Percent(Accuracy(i => samples.Predicted[i] == c && !table.Rows[i].Flagged))}"),
                        ]
                        : Array.Empty<Html>(),
                ])));
    }

    private Html Table()
    {
        var isLabelled = samples.Labels.Any(label => label >= 0);
        var hasRadii = samples.Radii is not null;
        Html[] heads =
        [
            ScrollTable.Head("sample"), ScrollTable.Head("decided"), .. isLabelled ? [ScrollTable.Head("given")] : Array.Empty<Html>(),
            ScrollTable.NumberHead("margin"), .. hasRadii ? [ScrollTable.NumberHead("radius")] : Array.Empty<Html>(),
            ScrollTable.NumberHead($"p ({table.Deciding})"), .. table.IsAdjusted ? [ScrollTable.NumberHead("adjusted")] : Array.Empty<Html>(),
            ScrollTable.Head("flagged"), .. table.Sets is null ? Array.Empty<Html>() : [ScrollTable.Head("set")],
        ];
        return ScrollTable.Sortable(
            $"Every sample, the least typical first.{ScrollTable.Cut(samples.Count, "the smallest p-values", "--output p.csv has all")}",
            heads,
            _order.Take(ScrollTable.MostRows).Select(i => ScrollTable.Row(SampleCard.Which(samples, i), Cells(i))),
            isLabelled ? [1, 2] : [1]);

        IEnumerable<Html> Cells(int i)
        {
            var row = table.Rows[i];
            var decided = samples.ClassNames[row.PredictedClass];
            yield return isLabelled && !samples.IsRight(i) ? ScrollTable.Marked(decided) : ScrollTable.Cell(decided);
            if (isLabelled)
            {
                yield return ScrollTable.Cell(row.TrueClass < 0 ? "" : samples.ClassNames[row.TrueClass]);
            }

            yield return ScrollTable.Number($"{row.Margin:g5}");
            if (hasRadii)
            {
                yield return ScrollTable.Number($"{row.Radius:g4}");
            }

            yield return ScrollTable.Number($"{row.P(table.Rule.Tail):g4}");
            if (table.IsAdjusted)
            {
                yield return ScrollTable.Number($"{row.Adjusted:g4}");
            }

            yield return ScrollTable.Cell(row.Flagged ? "yes" : "no");
            if (row.Set is { } set)
            {
                yield return ScrollTable.Cell(Names(set));
            }
        }
    }

    private Proportion Accuracy(Func<int, bool> counts)
    {
        int[] counted = [.. Enumerable.Range(0, samples.Count).Where(counts)];
        return new(counted.Count(samples.IsRight), counted.Length);
    }

    private static string Percent(Proportion share) => share.Total == 0 ? "-" : Text($"{share.Rate:p1}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Evaluation;

namespace MarginNet.Cli.Pages;

/// <summary>Which classes were taken for which, as a table whose colours are the shares; of many classes the confusions that are
/// most frequent.</summary>
internal static class ConfusionTable
{
    private const int MostClasses = 20;
    private const int MostPairs = 100;
    private const double Deepest = 55; // percent of a colour on which text is still read

    public static Html Compose(ConfusionMatrix confusion, ImmutableArray<string> names)
    {
        var classes = Enumerable.Range(0, names.Length);
        return names.Length <= MostClasses
            ? Html.Format($"<div class=\"confusion\">{Matrix()}</div>\n")
            : Pairs(confusion, names);

        Html Matrix() => ScrollTable.Compose(
            "A row for each class given, a column for each class decided: how many samples, and in colour what share of the row.",
            [ScrollTable.Head("given"), .. names.Select(ScrollTable.NumberHead)],
            classes.Select(label => ScrollTable.Row(names[label], classes.Select(decided => Cell(confusion, label, decided)))));
    }

    /// <summary>The class that a class is most often taken for, and how often; null where it never is.</summary>
    public static (int Class, int Count)? MostConfused(ConfusionMatrix confusion, int label)
    {
        var worst = Enumerable.Range(0, confusion.ClassCount).Where(c => c != label).MaxBy(c => confusion[label, c]);
        return confusion[label, worst] > 0 ? (worst, confusion[label, worst]) : null;
    }

    private static Html Cell(ConfusionMatrix confusion, int label, int decided)
    {
        var total = confusion.ClassAccuracies[label].Total;
        var depth = total == 0 ? 0 : Deepest * confusion[label, decided] / total;
        return Html.Format(
            $"<td class=\"{(label == decided ? "n right" : "n")}\" style=\"--share:{depth:f1}%\">{confusion[label, decided]:n0}</td>");
    }

    private static Html Pairs(ConfusionMatrix confusion, ImmutableArray<string> names)
    {
        var pairs = Enumerable.Range(0, names.Length)
            .SelectMany(label => Enumerable.Range(0, names.Length).Where(c => c != label).Select(c => (Label: label, Decided: c)))
            .Where(pair => confusion[pair.Label, pair.Decided] > 0)
            .OrderByDescending(pair => confusion[pair.Label, pair.Decided])
            .Take(MostPairs);
        return ScrollTable.Sortable(
            string.Create(CultureInfo.InvariantCulture, $"The confusions that are most frequent, {MostPairs} at most; --json FILE has all."),
            [
                ScrollTable.Head("given"), ScrollTable.Head("decided"), ScrollTable.NumberHead("samples"),
                ScrollTable.NumberHead("of the class"),
            ],
            pairs.Select(pair => ScrollTable.Row(
                names[pair.Label],
                ScrollTable.Cell(names[pair.Decided]),
                ScrollTable.Number($"{confusion[pair.Label, pair.Decided]:n0}"),
                ScrollTable.Number($"{(double)confusion[pair.Label, pair.Decided] / confusion.ClassAccuracies[pair.Label].Total:p1}"))),
            0,
            1);
    }
}

using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Audit;
using MarginNet.Cli.Figures;
using MarginNet.Cli.Input;
using MarginNet.Margins;

namespace MarginNet.Cli.Pages;

/// <summary>An audit to look at: the most suspicious labels beside typical samples of both classes, and duplicates beside each other.</summary>
/// <param name="audit">The audit.</param>
/// <param name="statistic">What its statistic is, in words.</param>
/// <param name="classNames">The names of the classes; empty where only margins are known.</param>
/// <param name="images">The images; null where scores came from a file.</param>
/// <param name="scores">The scores that suggest classes; null where only margins are known.</param>
/// <param name="thumbnails">About how many pictures there may be.</param>
internal sealed class AuditPage(
    LabelAudit audit, string statistic, ImmutableArray<string> classNames, AuditedImages? images, ScoreMatrix? scores, int thumbnails)
{
    private const int Typical = 3; // Of each of two classes, beside each suspect.
    private const int SuspectShare = 4; // Suspects are shown for one in so many thumbnails,
    private const int PairShare = 8; // and pairs.

    private readonly AuditedLabel[] _order = [.. audit.Labels.OrderBy(label => label.Rank)];
    private readonly Samples? _samples = images is null || scores is null ? null
        : Samples.FromModel(scores, images.Train.Labels, classNames, "the training set").From(images.Train);

    public Page Compose(string command) => new(
        "Audit of a training set",
        Html.Format($"{audit.Labels.Length:n0} labels, ranked by {statistic}: the smaller, the more suspicious."),
        command,
        [
            new("suspects", "The most suspicious labels", Suspects(), "Suspects"),
            new("statistic", "The statistic", FigureHtml.Embed(TwoGroupPlot.Draw(audit, statistic))),
            .. classNames.IsEmpty ? [] : new[] { new PageSection("classes", "Classes", Classes()) },
            .. images is null ? [] : new[] { new PageSection("duplicates", "Duplicates", Duplicates()) },
            new("labels", "Labels", Table()),
        ])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        yield return new("labels", Text($"{audit.Labels.Length:n0}"));
        yield return audit.Model is { } model ? new("wrong, by estimate", Text($"{model.WrongShare:p1}"))
            : new("wrong, by estimate", "-", audit.Doubt);
        yield return new("flagged", Text($"{audit.Flagged.Count():n0}"), audit.Model is null ? null : Text($"alpha {audit.Alpha}"));
        if (images is not null)
        {
            yield return new(
                "duplicates", Text($"{images.Duplicates.Pairs.Length:n0}"),
                Text($"{images.Conflicts.Count():n0} with another label, {images.Leaks.Count():n0} of training and test"));
        }
    }

    private Html Suspects()
    {
        if (_samples is null)
        {
            return Html.Format($"<p>No pictures are shown: the scores came from a file, without the images.</p>\n");
        }

        if (SampleCard.Missing(_samples, thumbnails) is { } missing)
        {
            return missing;
        }

        var typical = new TypicalSamples(_samples, Typical);
        var shown = _order.Take(Math.Max(1, thumbnails / SuspectShare)).ToArray();
        return Gallery.Compose(
            Text($"The {shown.Length:n0} most suspicious of {audit.Labels.Length:n0}, each beside typical images of the class given and of the one suggested. {SampleCard.Legend}"),
            [.. shown.Select(label => SampleCard.Beside(
                _samples, label.Index, typical.Beside(label.Index, Both(label)), Said(label)))],
            isWide: true);
    }

    private IEnumerable<int> Both(AuditedLabel label) =>
        _samples!.Predicted[label.Index] == label.Label ? [label.Label] : [label.Label, _samples.Predicted[label.Index]];

    private static IEnumerable<Html> Said(AuditedLabel label)
    {
        var right = double.IsNaN(label.RightProbability) ? "" : Text($", right with probability {label.RightProbability:g2}");
        yield return Html.Format($"{label.Statistic:g3}{right}{(label.IsFlagged ? ", flagged" : "")}");
    }

    private Html Classes()
    {
        var confusion = audit.Confusion(classNames.Length);
        var byClass = audit.Labels.ToLookup(label => label.Label);
        return ScrollTable.Sortable(
            "By class given: its labels, how many are flagged, and what those look like most often.",
            [
                ScrollTable.Head("class"), ScrollTable.NumberHead("labels"), ScrollTable.NumberHead("flagged"),
                ScrollTable.Head("most often like"), ScrollTable.NumberHead("times"),
            ],
            classNames.Select((name, c) =>
            {
                var other = Enumerable.Range(0, classNames.Length).Where(k => k != c).MaxBy(k => confusion[c, k]);
                var times = confusion[c, other];
                return ScrollTable.Row(
                    name,
                    ScrollTable.Number($"{byClass[c].Count():n0}"),
                    ScrollTable.Number($"{byClass[c].Count(label => label.IsFlagged):n0}"),
                    ScrollTable.Cell(times > 0 ? classNames[other] : ""),
                    ScrollTable.Number($"{times:n0}"));
            }));
    }

    /// <summary>Pairs with different labels first, then those of training and test.</summary>
    private Html Duplicates()
    {
        var pairs = images!.Duplicates.Pairs
            .OrderBy(pair => images.Label(pair.First) == images.Label(pair.Second))
            .ThenBy(pair => images.IsTrain(pair.First) == images.IsTrain(pair.Second))
            .ThenBy(pair => pair.Distance)
            .Take(thumbnails / PairShare)
            .ToArray();
        var (train, test) = (Pictures.Of(images.Train), Pictures.Of(images.Test));
        return Gallery.Compose(
            Text($"{pairs.Length:n0} of {images.Duplicates.Pairs.Length:n0} pairs that are the same or nearly, those with different labels first."),
            [.. pairs.Select(pair => new GalleryItem(
                Html.Format($"<div class=\"row\">{Picture(pair.First)}{Picture(pair.Second)}</div>"),
                [
                    Html.Format($"<strong>{(pair.IsExact ? "the same" : Text($"nearly, {pair.Distance:g2} of 255 apart"))}</strong>"),
                    Html.Format($"{images.LabelName(pair.First)} <span class=\"soft\">{images.Name(pair.First)}</span>"),
                    Html.Format($"{images.LabelName(pair.Second)} <span class=\"soft\">{images.Name(pair.Second)}</span>"),
                ],
                ("first", images.LabelName(pair.First)),
                ("second", images.LabelName(pair.Second))))],
            isWide: true);

        Html Picture(int place) => Thumbnail.Embed(
            images.IsTrain(place) ? train : test, images.IsTrain(place) ? place : place - images.Train.Count, images.Name(place));
    }

    private Html Table() => ScrollTable.Sortable(
        $"Every label, the most suspicious first.{ScrollTable.Cut(audit.Labels.Length, "the smallest values", "audit.csv has all")}",
        [
            ScrollTable.Head("sample"), ScrollTable.Head("given"), ScrollTable.Head("suggested"), ScrollTable.NumberHead("statistic"),
            ScrollTable.NumberHead("p right"), ScrollTable.NumberHead("adjusted"), ScrollTable.Head("flagged"),
        ],
        _order.Take(ScrollTable.MostRows).Select(label => ScrollTable.Row(
            images?.Name(label.Index) ?? Text($"#{label.Index}"),
            ScrollTable.Cell(Name(label.Label)),
            label.Suggested is { } suggested && suggested != label.Label ? ScrollTable.Marked(Name(suggested))
                : ScrollTable.Cell(label.Suggested is { } same ? Name(same) : ""),
            ScrollTable.Number($"{label.Statistic:g5}"),
            ScrollTable.Number($"{Share(label.RightProbability)}"),
            ScrollTable.Number($"{Share(label.AdjustedPValue)}"),
            ScrollTable.Cell(label.IsFlagged ? "yes" : "no"))),
        1,
        2);

    private string Name(int label) => label < classNames.Length ? classNames[label] : "";

    private static string Share(double value) => double.IsNaN(value) ? "" : Text($"{value:g3}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

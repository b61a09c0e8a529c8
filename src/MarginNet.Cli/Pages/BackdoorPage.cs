using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Backdoors;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Pages;

/// <summary>The test for a backdoor to look at: the image of each class's largest margin.</summary>
/// <param name="test">The test.</param>
/// <param name="table">Its verdict.</param>
/// <param name="classNames">The names of the classes.</param>
/// <param name="thumbnails">How many pictures there may be.</param>
internal sealed class BackdoorPage(MaximumMarginTest test, BackdoorTable table, ImmutableArray<string> classNames, int thumbnails)
{
    private const string Class = "class";

    public Page Compose(string subject, string command) => new(
        "Backdoor test",
        Html.Format($"The largest margin of each class of {subject} over all images in [0,1]. {table.Verdict}"),
        command,
        [new("patterns", "Patterns", Patterns()), new("margins", "Margins", Margins())])
    {
        Facts = [.. Facts()],
    };

    private IEnumerable<PageFact> Facts()
    {
        yield return new("verdict", test.Outlier.Doubt is not null ? "none" : table.IsSuspected ? "suspected" : "not suspected");
        yield return new("largest margin", Text($"{test.Margins[test.Suspect]:g5}"), classNames[test.Suspect]);
        if (test.Outlier.Null is { } law)
        {
            yield return new("calibrated p-value", Text($"{test.Outlier.CalibratedPValue:g3}"), Text($"published {test.Outlier.PValue:g3}"));
            yield return new("null of the others", Text($"mean {law.Shape * law.Scale:g4}"), Text($"Gamma, shape {law.Shape:g3}"));
        }
    }

    private Html Patterns()
    {
        var pictures = Pictures.Of(test.Patterns);
        return thumbnails == 0
            ? Html.Format($"<p>No pictures are shown, as <code>--thumbnails 0</code> asks.</p>\n")
            : Gallery.Compose(
                "The images found, those of the largest margins first: of a backdoor's target class it may show the trigger.",
                [.. table.Order.Take(thumbnails).Select(c => new GalleryItem(
                    Thumbnail.Embed(pictures, c, $"Image of the largest margin of {classNames[c]}", "one"),
                    [Html.Format($"<strong>{classNames[c]}</strong>"), Html.Format($"margin {test.Margins[c]:g5}")],
                    (Class, classNames[c])))]);
    }

    private Html Margins() => ScrollTable.Sortable(
        "The largest margin of each class, and the probability of a larger one under the null distribution of all but the largest.",
        [ScrollTable.Head(Class), ScrollTable.NumberHead("margin"), ScrollTable.NumberHead("upper tail")],
        table.Order.Select(c => ScrollTable.Row(
            classNames[c],
            ScrollTable.Number($"{test.Margins[c]:g5}"),
            double.IsNaN(table.Tail(c)) ? ScrollTable.Cell("") : ScrollTable.Number($"{table.Tail(c):g3}"))));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

namespace MarginNet.Cli.Pages;

/// <summary>One sample of a gallery.</summary>
/// <param name="Pictures">Its picture or pictures.</param>
/// <param name="Lines">What is said of it.</param>
/// <param name="Classes">Its classes, by the names that the gallery filters by.</param>
internal sealed record GalleryItem(Html Pictures, Html[] Lines, params (string Name, string Class)[] Classes);

/// <summary>Samples with their pictures, beside one another, of which those of a class can be chosen.</summary>
internal static class Gallery
{
    private const int ShownAtOnce = 24; // The others are there at a click.
    private const int WideAtOnce = 12;

    /// <param name="caption">What the samples are.</param>
    /// <param name="items">The samples.</param>
    /// <param name="isWide">Whether an item has several pictures.</param>
    public static Html Compose(string caption, IReadOnlyCollection<GalleryItem> items, bool isWide = false)
    {
        if (items.Count == 0)
        {
            return Html.Format($"<p class=\"caption\">{caption} There is none.</p>\n");
        }

        var first = isWide ? WideAtOnce : ShownAtOnce;
        var more = items.Skip(first).ToArray();
        return Html.Format(
            $"""
            <p class="caption">{caption}</p>
            <div {new Html(Filter.Attribute)}="{string.Join(' ', items.First().Classes.Select(own => own.Name))}">
            {List(items.Take(first), isWide)}{(more.Length == 0 ? default : Html.Format($"<details><summary>{more.Length:n0} more</summary>\n{List(more, isWide)}</details>\n"))}</div>

            """);
    }

    private static Html List(IEnumerable<GalleryItem> items, bool isWide) => Html.Format(
        $"<ul class=\"gallery{(isWide ? " wide" : "")}\">\n{items.Select(Compose)}</ul>\n");

    private static Html Compose(GalleryItem item) => Html.Format(
        $"<li{item.Classes.Select(own => Html.Format($" data-{own.Name}=\"{own.Class}\""))}>{item.Pictures}{item.Lines.Select(line => Html.Format($"<div>{line}</div>"))}</li>\n");
}

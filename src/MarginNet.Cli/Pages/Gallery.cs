namespace MarginNet.Cli.Pages;

/// <summary>One sample of a gallery.</summary>
/// <param name="Pictures">Its picture or pictures.</param>
/// <param name="Said">What is said of it, by name.</param>
/// <param name="Classes">Its classes, by the names that the gallery filters by.</param>
internal sealed record GalleryItem(Html Pictures, (string Name, Html Value)[] Said, params (string Name, string Class)[] Classes);

/// <summary>Samples with their pictures, beside one another, of which those of a class can be chosen.</summary>
internal static class Gallery
{
    /// <param name="caption">What the samples are.</param>
    /// <param name="items">The samples.</param>
    /// <param name="isWide">Whether an item has several pictures.</param>
    public static Html Compose(string caption, IReadOnlyCollection<GalleryItem> items, bool isWide = false)
    {
        var names = items.FirstOrDefault()?.Classes.Select(own => own.Name) ?? [];
        return Html.Format(
            $"""
            <p class="caption">{caption}</p>
            <ul class="gallery{(isWide ? " wide" : "")}" {new Html(Filter.Attribute)}="{string.Join(' ', names)}">
            {items.Select(Compose)}</ul>

            """);
    }

    /// <summary>A class that was decided for, marked where it is wrong.</summary>
    public static Html Decided(string name, bool isWrong) =>
        isWrong ? Html.Format($"<strong class=\"differs\">{name}</strong>") : Html.Format($"<strong>{name}</strong>");

    private static Html Compose(GalleryItem item) => Html.Format(
        $"<li{item.Classes.Select(own => Html.Format($" data-{own.Name}=\"{own.Class}\""))}>{item.Pictures}<dl>{item.Said.Select(own => Html.Format($"<dt>{own.Name}</dt><dd>{own.Value}</dd>"))}</dl></li>\n");
}

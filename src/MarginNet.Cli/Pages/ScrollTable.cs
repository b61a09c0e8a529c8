using System.Globalization;

namespace MarginNet.Cli.Pages;

/// <summary>A table in a box of its own, which scrolls where the page is narrow.</summary>
internal static class ScrollTable
{
    /// <summary>Rows that a page shows of a table at most.</summary>
    public const int MostRows = 2000;

    /// <param name="caption">What the table says.</param>
    /// <param name="heads">The heads of the columns, the first that of the row heads.</param>
    /// <param name="rows">The rows, made by <see cref="Row"/>.</param>
    public static Html Compose(string caption, IEnumerable<Html> heads, IEnumerable<Html> rows) =>
        Compose(caption, heads, rows, default, isHigh: false);

    /// <summary>A table that sorts by the head that is clicked on, and shows only the rows of a class that is chosen.</summary>
    /// <param name="caption">What the table says.</param>
    /// <param name="heads">The heads of the columns, the first that of the row heads.</param>
    /// <param name="rows">The rows, made by <see cref="Row"/>.</param>
    /// <param name="classes">The columns that hold classes, by number.</param>
    public static Html Sortable(string caption, IEnumerable<Html> heads, IEnumerable<Html> rows, params int[] classes) =>
        Compose(caption, heads, rows, new($" {Filter.Attribute}=\"{string.Join(' ', classes)}\""), isHigh: true);

    private static Html Compose(string caption, IEnumerable<Html> heads, IEnumerable<Html> rows, Html filter, bool isHigh) => Html.Format(
        $"""
        <p class="caption">{caption}</p>
        <div class="box{(isHigh ? " high" : "")}" role="region" tabindex="0" aria-label="{caption}"><table aria-label="{caption}"{filter}>
        <thead><tr>{heads}</tr></thead>
        <tbody>
        {rows}</tbody>
        </table></div>

        """);

    public static Html Row(string head, params IEnumerable<Html> cells) => Html.Format($"<tr><th scope=\"row\">{head}</th>{cells}</tr>\n");

    public static Html Head(string text) => Html.Format($"<th scope=\"col\">{text}</th>");

    /// <summary>The head of a column of numbers.</summary>
    public static Html NumberHead(string text) => Html.Format($"<th scope=\"col\" class=\"n\">{text}</th>");

    public static Html Cell(string text) => Html.Format($"<td>{text}</td>");

    /// <summary>A cell that stands out.</summary>
    public static Html Marked(string text) => Html.Format($"<td class=\"differs\">{text}</td>");

    public static Html Number(FormattableString text) => Html.Format($"<td class=\"n\">{Html.Format(text)}</td>");

    /// <summary>What a caption says of rows that are left out: nothing where there are none.</summary>
    /// <param name="count">How many rows there are.</param>
    /// <param name="order">What those shown have, such as: the smallest p-values.</param>
    /// <param name="cure">What has all rows.</param>
    public static string Cut(int count, string order, string cure) => count <= MostRows
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $" The {MostRows:n0} with {order} of {count:n0} are shown; {cure}.");
}

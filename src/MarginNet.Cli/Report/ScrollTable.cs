namespace MarginNet.Cli.Report;

/// <summary>A table in a box of its own, which scrolls where the page is narrow.</summary>
internal static class ScrollTable
{
    /// <param name="caption">What the table says.</param>
    /// <param name="heads">The heads of the columns, the first that of the row heads.</param>
    /// <param name="rows">The rows, made by <see cref="Row"/>.</param>
    public static Html Compose(string caption, IEnumerable<Html> heads, IEnumerable<Html> rows) => Html.Format(
        $"""
        <p class="caption">{caption}</p>
        <div class="box" role="region" tabindex="0" aria-label="{caption}"><table aria-label="{caption}">
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

    public static Html Number(FormattableString text) => Html.Format($"<td class=\"n\">{Html.Format(text)}</td>");
}

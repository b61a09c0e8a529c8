using MarginNet.Cli.Figures;

namespace MarginNet.Cli.Pages;

/// <summary>Figures in a page, drawn for light and for dark.</summary>
internal static class FigureHtml
{
    /// <summary>A figure with its panels beside one another where there is room.</summary>
    public static Html Embed(Figure figure) => Html.Format(
        $"""
        <figure class="group">
        <figcaption>{figure.Caption}</figcaption>
        <div class="panels{figure.Columns switch { 1 => "", 2 => " two", _ => " three" }}">
        {figure.Panels.Select(Embed)}</div>
        </figure>

        """);

    private static Html Embed(Panel panel)
    {
        var (light, dark) = FigureFile.ToWebp(panel);
        return Html.Format(
            $"""
            <figure><picture><source media="(prefers-color-scheme: dark)" srcset="{Data(dark)}" /><img src="{Data(light)}" width="{panel.Width}" height="{panel.Height}" alt="{panel.Description}" /></picture><figcaption>{panel.Caption}</figcaption></figure>

            """);
    }

    private static Html Data(byte[] webp) => new($"data:image/webp;base64,{Convert.ToBase64String(webp)}");
}

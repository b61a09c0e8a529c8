using ScottPlot;

namespace MarginNet.Cli.Figures;

/// <summary>Text is left out where the system has no font, so the tool brings one; it has Latin letters only.</summary>
internal static class PlotFont
{
    private const string Name = "Bitstream Vera Sans";

    public static void Use()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "Fonts", "Vera.ttf");
        Fonts.AddFontFile(Name, file);
        Fonts.AddFontFile(Name, file, bold: true);
        (Fonts.Default, Fonts.Sans) = (Name, Name);
    }
}

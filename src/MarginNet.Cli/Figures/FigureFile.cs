using MarginNet.Checkpoints;
using ScottPlot;
using SkiaSharp;

namespace MarginNet.Cli.Figures;

/// <summary>Figures as pictures: each panel alone, or all of a figure in one file.</summary>
internal static class FigureFile
{
    private const float Sharpness = 2; // Pixels of a picture for each of a panel's.
    private const float Effort = 50; // Of compression, of 100.

    private static readonly PlotStyle Light = new() { LegendOutlineColor = Color.FromHex("#d8dde3") };

    private static readonly PlotStyle Dark = new()
    {
        FigureBackgroundColor = Color.FromHex("#14181c"),
        DataBackgroundColor = Color.FromHex("#14181c"),
        AxisColor = Color.FromHex("#c3cad2"),
        GridMajorLineColor = Color.FromHex("#2a3138"),
        LegendBackgroundColor = Color.FromHex("#14181c"),
        LegendFontColor = Color.FromHex("#e6e9ed"),
        LegendOutlineColor = Color.FromHex("#3a424b"),
    };

    /// <summary>One panel as a lossless WebP, a third of the size of a PNG: on white, and on the ground of a dark page.</summary>
    public static (byte[] Light, byte[] Dark) ToWebp(Panel panel)
    {
        var style = panel.Plot.GetStyle();
        panel.Plot.SetStyle(Light);
        var light = Encode(panel);
        panel.Plot.SetStyle(Dark);
        var dark = Encode(panel);
        panel.Plot.SetStyle(style);
        return (light, dark);
    }

    private static byte[] Encode(Panel panel)
    {
        using var surface = SKSurface.Create(new SKImageInfo((int)(panel.Width * Sharpness), (int)(panel.Height * Sharpness)));
        surface.Canvas.Scale(Sharpness);
        Draw(surface.Canvas, [panel], columns: 1);
        Draw(surface.Canvas, [panel], columns: 1); // A legend has its size after it was drawn once.
        using var image = surface.Snapshot();
        using var pixels = image.PeekPixels();
        using var data = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, Effort))!;
        return data.ToArray();
    }

    /// <summary>Writes all panels of a figure as <c>NAME.png</c> and <c>NAME.svg</c>.</summary>
    public static void Save(Figure figure, string folder)
    {
        var rows = (figure.Panels.Length + figure.Columns - 1) / figure.Columns;
        var (width, height) = (figure.Columns * figure.Panels[0].Width, rows * figure.Panels[0].Height);
        using (var surface = SKSurface.Create(new SKImageInfo((int)(width * Sharpness), (int)(height * Sharpness))))
        {
            surface.Canvas.Scale(Sharpness);
            Draw(surface.Canvas, figure.Panels, figure.Columns);
            using var image = surface.Snapshot();
            using var data = image.Encode(SKEncodedImageFormat.Png, 100);
            AtomicFile.Write(Path.Combine(folder, $"{figure.Name}.png"), data.SaveTo);
        }

        AtomicFile.Write(Path.Combine(folder, $"{figure.Name}.svg"), stream =>
        {
            using var canvas = SKSvgCanvas.Create(new SKRect(0, 0, width, height), stream);
            Draw(canvas, figure.Panels, figure.Columns);
        });
    }

    private static void Draw(SKCanvas canvas, IReadOnlyList<Panel> panels, int columns)
    {
        canvas.Clear(SKColors.White);
        for (var i = 0; i < panels.Count; i++)
        {
            var (left, top) = (i % columns * panels[i].Width, i / columns * panels[i].Height);
            panels[i].Plot.RenderManager.ClearCanvasBeforeEachRender = false; // Its neighbours are on the same canvas.
            panels[i].Plot.Render(canvas, new PixelRect(left, left + panels[i].Width, top + panels[i].Height, top));
        }
    }
}

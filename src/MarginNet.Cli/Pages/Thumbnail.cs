using MarginNet.Cli.Input;
using SkiaSharp;

namespace MarginNet.Cli.Pages;

/// <summary>A small picture of a sample, within the page.</summary>
internal static class Thumbnail
{
    private const int Largest = 96; // pixels in width and height; larger ones are made smaller
    private const int Coarse = 64; // up to which pixels are shown as squares

    /// <param name="pictures">The pixels.</param>
    /// <param name="sample">The sample, by its index.</param>
    /// <param name="description">What it shows, for those who do not see it.</param>
    /// <param name="style">A class of the page's style, beside its own.</param>
    public static Html Embed(Pictures pictures, int sample, string description, string style = "")
    {
        var (width, height) = Fit(pictures);
        var isCoarse = Math.Max(pictures.Width, pictures.Height) <= Coarse;
        return Html.Format(
            $"<img class=\"thumb{(isCoarse ? " pixels" : "")}{(style.Length > 0 ? $" {style}" : "")}\" src=\"data:image/png;base64,{Convert.ToBase64String(ToPng(pictures, sample))}\" width=\"{width}\" height=\"{height}\" alt=\"{description}\" />");
    }

    /// <summary>The picture as PNG: one channel as grey, three as colour, four with transparency, of others the first as grey.</summary>
    public static byte[] ToPng(Pictures pictures, int sample)
    {
        using var bitmap = new SKBitmap(pictures.Width, pictures.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var (pixels, plane) = (pictures.Pixels(sample), pictures.Width * pictures.Height);
        var target = bitmap.GetPixelSpan();
        var isColour = pictures.Channels is 3 or 4;
        for (var i = 0; i < plane; i++)
        {
            for (var c = 0; c < 4; c++)
            {
                target[(4 * i) + c] = c == 3 && pictures.Channels != 4 ? byte.MaxValue : ToByte(pixels[((isColour ? c : 0) * plane) + i]);
            }
        }

        var (width, height) = Fit(pictures);
        using var small = (width, height) == (pictures.Width, pictures.Height)
            ? null
            : bitmap.Resize(new SKImageInfo(width, height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var data = (small ?? bitmap).Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static (int Width, int Height) Fit(Pictures pictures)
    {
        var scale = Math.Min(1, (double)Largest / Math.Max(pictures.Width, pictures.Height));
        return (Math.Max(1, (int)(scale * pictures.Width)), Math.Max(1, (int)(scale * pictures.Height)));
    }

    private static byte ToByte(float value) => (byte)Math.Clamp((int)Math.Round(255 * value), 0, 255);
}

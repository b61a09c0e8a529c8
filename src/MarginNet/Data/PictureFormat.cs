namespace MarginNet.Data;

/// <summary>Tells picture files apart by their first bytes, whatever they are called.</summary>
internal static class PictureFormat
{
    public const string Jpeg = "JPEG";
    public const string Png = "PNG";
    public const string Bmp = "BMP";
    public const string WebP = "WebP";

    /// <summary>The extensions of what is read, and of what is a picture but not read.</summary>
    private static readonly HashSet<string> Read = new([".jpg", ".jpeg", ".png", ".bmp", ".webp"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> NotRead = new(
        [".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jxl", ".ppm", ".pgm", ".pnm", ".jfif", ".jpe", ".ico", ".tga", ".psd", ".svg"],
        StringComparer.OrdinalIgnoreCase);

    public static bool IsReadByName(string path) => Read.Contains(Path.GetExtension(path));

    public static bool IsPassedOverByName(string path) => NotRead.Contains(Path.GetExtension(path));

    /// <summary>The name of the format, of those above or another; null where it is none that is known.</summary>
    public static string? Of(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return Jpeg;
        }

        if (file.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G']))
        {
            return Png;
        }

        if (file.StartsWith("RIFF"u8) && Has(file, 8, "WEBP"u8))
        {
            return WebP;
        }

        return file.StartsWith("BM"u8) && BmpFile.IsOne(file) ? Bmp : OfOthers(file);
    }

    private static string? OfOthers(ReadOnlySpan<byte> file) =>
        file.StartsWith("GIF8"u8) ? "GIF"
        : file.StartsWith("II*\0"u8) || file.StartsWith("MM\0*"u8) ? "TIFF"
        : Has(file, 4, "ftypavif"u8) ? "AVIF"
        : Has(file, 4, "ftyphei"u8) || Has(file, 4, "ftypmif1"u8) || Has(file, 4, "ftyphevc"u8) ? "HEIC"
        : Has(file, 4, "jP  "u8) || file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x4F, 0xFF, 0x51]) ? "JPEG 2000"
        : Has(file, 4, "JXL "u8) || file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0x0A]) ? "JPEG XL"
        : file.StartsWith("8BPS"u8) ? "PSD"
        : file.StartsWith((ReadOnlySpan<byte>)[0, 0, 1, 0]) ? "ICO"
        : file.Length > 2 && file[0] == 'P' && file[1] is >= (byte)'1' and <= (byte)'6'
            && file[2] is (byte)'\n' or (byte)' ' or (byte)'\r' ? "PNM"
        : file.StartsWith("<svg"u8) || file.StartsWith("<?xml"u8) ? "SVG"
        : file.StartsWith("%PDF"u8) ? "PDF"
        : null;

    private static bool Has(ReadOnlySpan<byte> file, int at, ReadOnlySpan<byte> text) =>
        file.Length >= at + text.Length && file[at..].StartsWith(text);
}

using MarginNet.Checkpoints;
using StbImageSharp;

namespace MarginNet.Data;

/// <summary>What a decoded picture has that its pixels do not show.</summary>
/// <param name="Orientation">Its EXIF orientation; 1 is upright.</param>
/// <param name="Damage">What is wrong with it, where it was read all the same; null where nothing is.</param>
internal readonly record struct PictureNotes(int Orientation, string? Damage);

/// <summary>Decodes one picture file into the bytes of one image of a set.</summary>
internal static class ImageFile
{
    public const int MaxFileBytes = 1 << 28;
    public const long MaxPixels = 1 << 25; // 33.5 million, such as 8192 × 4096

    /// <summary>No file expands further: a PNG of one bit per pixel under deflate's best ratio, 1032.
    /// A header that claims more lies.</summary>
    private const long MaxPixelsPerByte = 8 * 1032;

    private const string Cure = "save it as PNG or JPEG (in Python: Image.open(file).convert('RGB').save('file.png'))";

    /// <summary>Decodes, resizes where the size differs, and writes channel-planar bytes.</summary>
    /// <param name="path">A JPEG, PNG, BMP or WebP file, whatever its name.</param>
    /// <param name="options">What becomes of it.</param>
    /// <param name="target">Shape [C, H, W].</param>
    /// <exception cref="InvalidDataException">The file is no such image, damaged, or too large.</exception>
    public static PictureNotes Decode(string path, ImageOptions options, Span<byte> target)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxFileBytes)
        {
            throw new InvalidDataException(
                $"'{path}' has {length} bytes, expected an image of at most {MaxFileBytes}: shrink or remove it.");
        }

        return Decode(File.ReadAllBytes(path), path, options, target);
    }

    public static PictureNotes Decode(byte[] file, string path, ImageOptions options, Span<byte> target)
    {
        var format = PictureFormat.Of(file);
        var (jpeg, orientation) = ((JpegHeader?)null, ExifOrientation.Upright);
        var isWhole = format switch
        {
            PictureFormat.Jpeg => IsWholeJpeg(file, out jpeg),
            PictureFormat.Png => PngFile.IsWhole(file, out orientation),
            PictureFormat.Bmp => BmpFile.IsWhole(file),
            PictureFormat.WebP => WebPFile.IsWhole(file, out orientation),
            _ => throw new InvalidDataException(DescribeOther(file, path, format)),
        };
        if (!isWhole)
        {
            throw new InvalidDataException(
                $"'{path}' is not a complete {format} image ({file.Length} bytes): it is cut or damaged; replace or remove it.");
        }

        ThrowIfNotRead(jpeg, path);
        var (width, height) = ReadSize(file, path, format);
        var damage = jpeg is null ? default : JpegScans.Check(file);
        var (colours, pixels) = DecodeWhole(jpeg?.WithDeclaredColours(file) ?? file, path, format, options.Channels);
        if (options.Channels == 1)
        {
            (pixels, colours) = (Luma(pixels, colours), 1);
        }

        orientation = jpeg?.Orientation ?? orientation;
        if (options.ApplyOrientation is true)
        {
            (pixels, height, width) = ExifOrientation.Apply(orientation, pixels, height, width, colours);
        }

        ImageResize.Fit(pixels, height, width, colours, target, options.Channels, options.Height, options.Width, options.Resizing);
        return new(orientation, damage.IsNone ? null : $"{damage}; it was read all the same, and may be replaced or removed.");
    }

    private static string DescribeOther(byte[] file, string path, string? format) => file.Length == 0
        ? $"'{path}' is empty: replace or remove it."
        : format is null
            ? $"'{path}' is no JPEG, PNG, BMP or WebP image ({file.Length} bytes, which begin {FileText.Show(Beginning(file))}): "
                + "replace or remove it."
            : $"'{path}' is {(format[0] is 'A' or 'S' or 'I' ? "an" : "a")} {format} file, which is not read: {Cure}, or remove it.";

    private static string Beginning(byte[] file) =>
        string.Concat(file.Take(12).Select(value => value is >= 0x20 and < 0x7F ? (char)value : '.'));

    private static void ThrowIfNotRead(JpegHeader? jpeg, string path)
    {
        if (jpeg is not { } header)
        {
            return;
        }

        var kind = header.Precision != 8 ? FormattableString.Invariant($"of {header.Precision} bits a sample")
            : header.Process is 0xC3 or 0xC7 or 0xCB or 0xCF ? "without loss"
            : header.Process is > 0xC8 ? "with arithmetic coding"
            : header.Process is > 0xC2 ? "in hierarchical frames"
            : null;
        if (kind is not null && header.Process != 0)
        {
            throw new InvalidDataException($"'{path}' is a JPEG {kind}, which is not read: {Cure}.");
        }
    }

    private static (int Width, int Height) ReadSize(byte[] file, string path, string? format)
    {
        var (width, height) = Guarded(path, format, () => format == PictureFormat.WebP ? WebPFile.ReadSize(file) : ReadInfo(file));
        var pixels = (long)width * height;
        return width >= 1 && height >= 1 && pixels <= Math.Min(MaxPixels, MaxPixelsPerByte * file.Length)
            ? (width, height)
            : throw new InvalidDataException(
                $"'{path}' ({file.Length} bytes) claims {width} × {height} pixels, expected at least 1 and at most {MaxPixels} in all: "
                + "it is damaged or too large; replace or shrink it.");
    }

    private static (int Width, int Height) ReadInfo(byte[] file)
    {
        using var stream = new MemoryStream(file);
        return ImageInfo.FromStream(stream) is { } info ? (info.Width, info.Height) : (0, 0);
    }

    /// <summary>Decodes to interleaved pixels of 3 colours, or to 4 with transparency.</summary>
    private static (int Colours, byte[] Pixels) DecodeWhole(byte[] file, string path, string? format, int channels) => Guarded(
        path,
        format,
        () =>
        format == PictureFormat.WebP ? (4, WebPFile.Decode(file))
        : channels == 4 ? (4, ImageResult.FromMemory(file, ColorComponents.RedGreenBlueAlpha).Data)
        : (3, ImageResult.FromMemory(file, ColorComponents.RedGreenBlue).Data));

    /// <summary>Pillow's luma of ITU-R BT.601, in its fixed point.</summary>
    private static byte[] Luma(byte[] pixels, int colours)
    {
        var grey = new byte[pixels.Length / colours];
        for (var i = 0; i < grey.Length; i++)
        {
            var pixel = pixels.AsSpan(i * colours, 3);
            grey[i] = ImageSet.Luma(pixel[0], pixel[1], pixel[2]);
        }

        return grey;
    }

    /// <summary>The decoder throws whatever its code runs into; none of it is about our code.</summary>
    private static T Guarded<T>(string path, string? format, Func<T> decode)
    {
        try
        {
            return decode();
        }
        catch (Exception e) when (format == PictureFormat.WebP && (e is DllNotFoundException || e.InnerException is DllNotFoundException))
        {
            throw new InvalidDataException(
                $"'{path}' is a WebP image, which needs SkiaSharp's native library: "
                + $"add the package SkiaSharp.NativeAssets.Linux.NoDependencies, or {Cure}.", e);
        }
#pragma warning disable CA1031 // Do not catch general exception types: damaged bytes surface from the decoder as exceptions of many types.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            throw new InvalidDataException(
                $"'{path}' does not decode: it is damaged, or of a kind of {format} not supported; replace or remove it.", e);
        }
    }

    /// <summary>Whether the file has a scan and an end marker after it; Pillow, too, refuses it otherwise.</summary>
    private static bool IsWholeJpeg(ReadOnlySpan<byte> file, out JpegHeader? header)
    {
        header = JpegHeader.Read(file);
        return header is { } found && file[found.ScanStart..].IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) >= 0;
    }
}

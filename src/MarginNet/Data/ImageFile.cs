using System.Buffers.Binary;
using System.IO.Hashing;
using StbImageSharp;

namespace MarginNet.Data;

/// <summary>Decodes one JPEG or PNG file into the bytes of one image of a set.</summary>
internal static class ImageFile
{
    public const int MaxFileBytes = 1 << 28;
    public const long MaxPixels = 1 << 25; // 33.5 million, such as 8192 × 4096

    /// <summary>No file expands further: a PNG of one bit per pixel under deflate's best ratio, 1032. A header that claims more lies.</summary>
    private const long MaxPixelsPerByte = 8 * 1032;

    /// <summary>Decodes, resizes where the size differs, and writes channel-planar bytes.</summary>
    /// <param name="path">A JPEG or PNG file.</param>
    /// <param name="channels">1 for grey, 3 for RGB; transparency is dropped.</param>
    /// <param name="height">The height to resize to.</param>
    /// <param name="width">The width to resize to.</param>
    /// <param name="target">Shape [C, H, W].</param>
    /// <exception cref="InvalidDataException">The file is no such image, damaged, or too large.</exception>
    public static void Decode(string path, int channels, int height, int width, Span<byte> target)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxFileBytes)
        {
            throw new InvalidDataException($"'{path}' has {length} bytes, expected an image of at most {MaxFileBytes}: shrink or remove it.");
        }

        Decode(File.ReadAllBytes(path), path, channels, height, width, target);
    }

    public static void Decode(byte[] file, string path, int channels, int height, int width, Span<byte> target)
    {
        if (!IsWholePng(file) && !IsWholeJpeg(file))
        {
            throw new InvalidDataException($"'{path}' is not a complete JPEG or PNG image ({file.Length} bytes): it is truncated, damaged or of another format; replace or remove it.");
        }

        CheckSize(file, path);
        var image = DecodeWhole(file, path, channels);
        ImageResize.ToPlanes(image.Data, image.Height, image.Width, channels, target, height, width);
    }

    private static void CheckSize(byte[] file, string path)
    {
        using var stream = new MemoryStream(file);
        var (width, height) = Guarded(path, () => ImageInfo.FromStream(stream)) is { } info ? (info.Width, info.Height) : (0, 0);
        var pixels = (long)width * height;
        if (width < 1 || height < 1 || pixels > Math.Min(MaxPixels, MaxPixelsPerByte * file.Length))
        {
            throw new InvalidDataException(
                $"'{path}' ({file.Length} bytes) claims {width} × {height} pixels, expected at least 1 and at most {MaxPixels} in all: it is damaged or too large; replace or shrink it.");
        }
    }

    private static ImageResult DecodeWhole(byte[] file, string path, int channels) =>
        Guarded(path, () => ImageResult.FromMemory(file, channels == 1 ? ColorComponents.Grey : ColorComponents.RedGreenBlue));

    /// <summary>The decoder throws whatever its code runs into; none of it is about our code.</summary>
    private static T Guarded<T>(string path, Func<T> decode)
    {
        try
        {
            return decode();
        }
#pragma warning disable CA1031 // Do not catch general exception types: damaged bytes surface from the decoder as exceptions of many types.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            throw new InvalidDataException($"'{path}' does not decode: it is damaged, or of a kind of JPEG or PNG not supported; replace or remove it.", e);
        }
    }

    /// <summary>Whether every chunk up to IEND is present with the right checksum, which the decoder does not check.</summary>
    private static bool IsWholePng(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];
        if (!file.StartsWith(signature))
        {
            return false;
        }

        const int Overhead = 12; // length, type and checksum
        for (var rest = file[signature.Length..]; rest.Length >= Overhead;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - Overhead)
            {
                return false;
            }

            var typeAndData = rest.Slice(4, 4 + (int)length);
            if (Crc32.HashToUInt32(typeAndData) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]))
            {
                return false;
            }

            if (typeAndData.StartsWith("IEND"u8))
            {
                return true;
            }

            rest = rest[(Overhead + (int)length)..];
        }

        return false;
    }

    /// <summary>Whether the file has a scan and an end marker after it; the decoder paints grey what is missing.</summary>
    private static bool IsWholeJpeg(ReadOnlySpan<byte> file)
    {
        const byte StartOfScan = 0xDA;
        if (!file.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return false;
        }

        for (var rest = file[2..]; rest.Length >= 4 && rest[0] == 0xFF;)
        {
            if (rest[1] == StartOfScan)
            {
                return rest.IndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) >= 0;
            }

            var length = rest[1] == 0xFF ? 1 : 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]); // 0xFF: a fill byte
            rest = rest[Math.Min(length, rest.Length)..];
        }

        return false;
    }
}

using System.Buffers.Binary;
using SkiaSharp;

namespace MarginNet.Data;

/// <summary>Decodes WebP by SkiaSharp, whose native library an application brings.</summary>
internal static class WebPFile
{
    private const int HeaderLength = 12;

    /// <summary>Whether all bytes that the header promises are there.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> file, out int orientation)
    {
        orientation = ExifOrientation.Upright;
        if (file.Length < HeaderLength + 8 || BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) + 8L > file.Length)
        {
            return false;
        }

        const int Overhead = 8; // type and length
        for (var rest = file[HeaderLength..]; rest.Length >= Overhead;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            var padded = length + (length & 1L);
            if (length > rest.Length - Overhead)
            {
                break;
            }

            if (rest.StartsWith("EXIF"u8))
            {
                orientation = ExifOrientation.Read(rest.Slice(Overhead, (int)length));
            }

            rest = rest[(int)Math.Min(Overhead + padded, rest.Length)..];
        }

        return true;
    }

    /// <summary>The size that the file states.</summary>
    public static (int Width, int Height) ReadSize(byte[] file)
    {
        using var codec = Open(file);
        return (codec.Info.Width, codec.Info.Height);
    }

    /// <summary>Decodes the first frame.</summary>
    /// <returns>Pixels [H, W, 4], red, green, blue and transparency, as they are stored.</returns>
    public static byte[] Decode(byte[] file)
    {
        using var codec = Open(file);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        var pixels = new byte[info.BytesSize];
        unsafe
        {
            fixed (byte* first = pixels)
            {
                var result = codec.GetPixels(info, (nint)first);
                return result == SKCodecResult.Success ? pixels : throw new InvalidDataException($"Skia says {result}.");
            }
        }
    }

    private static SKCodec Open(byte[] file)
    {
        var codec = SKCodec.Create(new MemoryStream(file), out var result); // The stream is the codec's, and disposed with it.
        return result == SKCodecResult.Success ? codec : throw new InvalidDataException($"Skia says {result}.");
    }
}

using System.Buffers.Binary;

namespace MarginNet.Data;

/// <summary>The EXIF orientation of a picture, 1 to 8: how it is to be turned and mirrored to be seen upright; 1 is upright.</summary>
internal static class ExifOrientation
{
    public const int Upright = 1;

    private const ushort Tag = 0x0112;
    private const ushort Short = 3;

    /// <summary>Finds the orientation in a block of EXIF, which is a TIFF file; upright where it says none.</summary>
    public static int Read(ReadOnlySpan<byte> exif)
    {
        ReadOnlySpan<byte> name = "Exif\0\0"u8;
        var tiff = exif.StartsWith(name) ? exif[name.Length..] : exif;
        var isLittle = tiff.StartsWith("II*\0"u8);
        if (tiff.Length < 8 || (!isLittle && !tiff.StartsWith("MM\0*"u8)))
        {
            return Upright;
        }

        var start = isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(tiff[4..]) : BinaryPrimitives.ReadUInt32BigEndian(tiff[4..]);
        if (start + 2L > tiff.Length)
        {
            return Upright;
        }

        const int EntryLength = 12;
        var entries = tiff[((int)start + 2)..];
        for (var left = Number(tiff, (int)start, isLittle); left > 0
            && entries.Length >= EntryLength; left--, entries = entries[EntryLength..])
        {
            var isFound = Number(entries, 0, isLittle) == Tag && Number(entries, 2, isLittle) == Short;
            if (isFound && Number(entries, 8, isLittle) is >= 1 and <= 8 and var orientation)
            {
                return orientation;
            }
        }

        return Upright;
    }

    /// <summary>Turns interleaved pixels [H, W, C] upright.</summary>
    public static (byte[] Pixels, int Height, int Width) Apply(int orientation, byte[] pixels, int height, int width, int channels)
    {
        if (orientation == Upright)
        {
            return (pixels, height, width);
        }

        var isTurned = orientation >= 5; // A quarter turn, so that rows become columns.
        var (newHeight, newWidth) = isTurned ? (width, height) : (height, width);
        var turned = new byte[pixels.Length];
        for (var y = 0; y < newHeight; y++)
        {
            for (var x = 0; x < newWidth; x++)
            {
                var (row, column) = isTurned ? (x, y) : (y, x);
                row = orientation is 3 or 4 or 6 or 7 ? height - 1 - row : row;
                column = orientation is 2 or 3 or 7 or 8 ? width - 1 - column : column;
                pixels.AsSpan(((row * width) + column) * channels, channels).CopyTo(turned.AsSpan(((y * newWidth) + x) * channels));
            }
        }

        return (turned, newHeight, newWidth);
    }

    private static ushort Number(ReadOnlySpan<byte> bytes, int at, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}

using System.Buffers.Binary;

namespace MarginNet.Data;

/// <summary>The headers of a BMP file.</summary>
internal static class BmpFile
{
    private const int HeaderLength = 14;

    /// <summary>Whether what follows the first two letters is the header of a picture.</summary>
    public static bool IsOne(ReadOnlySpan<byte> file) =>
        file.Length > HeaderLength + 12
        && BinaryPrimitives.ReadUInt32LittleEndian(file[HeaderLength..]) is 12 or 40 or 52 or 56 or 64 or 108 or 124;

    /// <summary>
    /// Whether all rows of an uncompressed picture are there; the decoder paints black what is missing.
    /// A compressed one the decoder refuses.
    /// </summary>
    public static bool IsWhole(ReadOnlySpan<byte> file)
    {
        if (!IsOne(file))
        {
            return false;
        }

        var info = file[HeaderLength..];
        var isOld = BinaryPrimitives.ReadUInt32LittleEndian(info) == 12;
        if (!isOld && info.Length < 20)
        {
            return false;
        }

        var width = isOld ? BinaryPrimitives.ReadUInt16LittleEndian(info[4..]) : BinaryPrimitives.ReadInt32LittleEndian(info[4..]);
        var height = Math.Abs(
            (long)(isOld ? BinaryPrimitives.ReadUInt16LittleEndian(info[6..]) : BinaryPrimitives.ReadInt32LittleEndian(info[8..])));
        var bits = BinaryPrimitives.ReadUInt16LittleEndian(isOld ? info[10..] : info[14..]);
        var isCompressed = !isOld && BinaryPrimitives.ReadUInt32LittleEndian(info[16..]) is not (0 or 3 or 6);
        var row = ((((long)width * bits) + 31) / 32) * 4;
        var there = Math.Max(0, file.Length - (long)BinaryPrimitives.ReadUInt32LittleEndian(file[10..]));
        return isCompressed || (width > 0 && (UInt128)height * (UInt128)row <= (UInt128)there);
    }
}

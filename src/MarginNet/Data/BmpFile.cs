using System.Buffers.Binary;

namespace MarginNet.Data;

/// <summary>The headers of a BMP file.</summary>
internal static class BmpFile
{
    private const int HeaderLength = 14;

    /// <summary>Whether what follows the first two letters is the header of a picture.</summary>
    public static bool IsOne(ReadOnlySpan<byte> file) =>
        file.Length > HeaderLength + 12 && BinaryPrimitives.ReadUInt32LittleEndian(file[HeaderLength..]) is 12 or 40 or 52 or 56 or 64 or 108 or 124;

    /// <summary>Whether all rows of an uncompressed picture are there; the decoder paints black what is missing. Of a compressed one the decoder says that it is none of its kinds.</summary>
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

        var (width, height, bits) = isOld
            ? (BinaryPrimitives.ReadUInt16LittleEndian(info[4..]), BinaryPrimitives.ReadUInt16LittleEndian(info[6..]), BinaryPrimitives.ReadUInt16LittleEndian(info[10..]))
            : (BinaryPrimitives.ReadInt32LittleEndian(info[4..]), (long)BinaryPrimitives.ReadInt32LittleEndian(info[8..]), BinaryPrimitives.ReadUInt16LittleEndian(info[14..]));
        var isCompressed = !isOld && BinaryPrimitives.ReadUInt32LittleEndian(info[16..]) is not (0 or 3 or 6);
        var row = ((((long)width * bits) + 31) / 32) * 4;
        return isCompressed || (width > 0 && (UInt128)Math.Abs(height) * (UInt128)row <= (UInt128)Math.Max(0, file.Length - (long)BinaryPrimitives.ReadUInt32LittleEndian(file[10..])));
    }
}

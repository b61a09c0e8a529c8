using System.Buffers.Binary;
using System.IO.Hashing;

namespace MarginNet.Data;

/// <summary>The chunks of a PNG file.</summary>
internal static class PngFile
{
    /// <summary>Whether every chunk up to IEND is present with the right checksum, which the decoder does not check.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> file, out int orientation)
    {
        orientation = ExifOrientation.Upright;
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

            if (typeAndData.StartsWith("eXIf"u8))
            {
                orientation = ExifOrientation.Read(typeAndData[4..]);
            }

            rest = rest[(Overhead + (int)length)..];
        }

        return false;
    }
}

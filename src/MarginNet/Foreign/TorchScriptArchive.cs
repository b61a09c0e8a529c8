using System.IO.Compression;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>Finds damage in a TorchScript archive, which LibTorch does not look for:
/// it loads weights with a flipped bit without a word.</summary>
internal static class TorchScriptArchive
{
    private const long MaxUnpacked = 1 << 26; // The code and its debug tables; weights are never compressed.

    public static void Check(ReadOnlyMemory<byte> archive)
    {
        MemoryMarshal.TryGetArray(archive, out var bytes);
        using var stream = new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false);
        using var zip = Open(stream);
        var (stored, unpacked) = (0L, 0L);
        var buffer = new byte[1 << 16];
        foreach (var entry in zip.Entries)
        {
            var isStored = entry.Length == entry.CompressedLength;
            (stored, unpacked) = isStored ? (stored + entry.Length, unpacked) : (stored, unpacked + entry.Length);
            if (entry.Length < 0 || stored > archive.Length || unpacked > MaxUnpacked)
            {
                throw new InvalidDataException(
                    $"Its entries claim more than the {archive.Length} bytes of the file and {MaxUnpacked} of code.");
            }

            CheckSum(entry, buffer);
        }
    }

    /// <summary>Whether the code has a text, which it does not have by chance.</summary>
    /// <param name="archive">An archive that <see cref="Check"/> has passed.</param>
    /// <param name="text">The text.</param>
    public static bool CodeHas(ReadOnlyMemory<byte> archive, string text)
    {
        using var zip = new ZipArchive(new MemoryStream(archive.ToArray(), writable: false), ZipArchiveMode.Read);
        return zip.Entries.Where(entry => entry.FullName.EndsWith(".py", StringComparison.Ordinal)).Any(entry =>
        {
            using var code = new StreamReader(entry.Open());
            return code.ReadToEnd().Contains(text, StringComparison.Ordinal);
        });
    }

    private static ZipArchive Open(MemoryStream stream)
    {
        try
        {
            return new ZipArchive(stream, ZipArchiveMode.Read);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                "It is cut off or damaged: the directory at its end is missing or wrong; copy or download the file again.", e);
        }
    }

    private static void CheckSum(ZipArchiveEntry entry, byte[] buffer)
    {
        var sum = new Crc32();
        using var content = entry.Open();
        long length = 0;
        for (int read; length <= entry.Length && (read = content.Read(buffer)) > 0; length += read)
        {
            sum.Append(buffer.AsSpan(0, read));
        }

        if (length != entry.Length || sum.GetCurrentHashAsUInt32() != entry.Crc32)
        {
            throw new InvalidDataException(
                $"Its entry {FileText.Quote(entry.FullName)} is corrupt (CRC-32 mismatch); copy or download the file again.");
        }
    }
}

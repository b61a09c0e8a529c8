using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace MarginNet.Fuzz;

/// <summary>Damage behind what a format protects by checksums or compression.</summary>
internal static class Structure
{
    private const int TarBlock = 512;

    /// <summary>Damages one entry of a zip archive, or its name, and packs all again with right checksums.</summary>
    public static byte[] ZipEntry(Mutator mutator, byte[] archive, CompressionLevel level)
    {
        if (!archive.AsSpan().StartsWith("PK"u8))
        {
            return mutator.Bytes(archive); // One of the seeds that are something else.
        }

        using var stream = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(archive)))
        using (var target = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            // The first entry has the structure, and the most to damage.
            var (first, damaged) = (source.Entries[0], mutator.Random.Next(2) == 0 ? source.Entries[0] : mutator.Pick(source.Entries));
            foreach (var entry in source.Entries)
            {
                var renamed = entry == damaged && entry != first && mutator.Random.Next(8) == 0;
                using var content = target.CreateEntry(
                    renamed ? mutator.Pick(["../../x", "/x", "archive/data/0", "data.pkl"]) : entry.FullName, level).Open();
                content.Write(entry == damaged && !renamed ? mutator.Bytes(Content(entry)) : Content(entry));
            }
        }

        return stream.ToArray();
    }

    /// <summary>Damages a PNG and makes the checksums of its chunks right; another file is damaged alone.</summary>
    public static byte[] Png(Mutator mutator, byte[] file)
    {
        const int Overhead = 12;
        var bytes = mutator.Bytes(file);
        for (var at = 8; at + Overhead <= bytes.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at));
            if (length > bytes.Length - at - Overhead)
            {
                break;
            }

            var next = at + Overhead + (int)length;
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(next - 4), Crc32.HashToUInt32(bytes.AsSpan(at + 4, 4 + (int)length)));
            at = next;
        }

        return bytes;
    }

    /// <summary>Damages a shard and makes its SHA-256 right.</summary>
    public static byte[] Shard(Mutator mutator, byte[] file)
    {
        var content = mutator.Bytes(file[..^SHA256.HashSizeInBytes]);
        return [.. content, .. SHA256.HashData(content)];
    }

    /// <summary>Damages the content of a gzip file.</summary>
    public static byte[] Gzip(Mutator mutator, byte[] file) => Zipped(mutator.Bytes(Unzipped(file)));

    /// <summary>Damages the tar file in a gzip file, and makes the checksums of its headers right.</summary>
    public static byte[] TarGz(Mutator mutator, byte[] file)
    {
        var tar = mutator.Bytes(Unzipped(file));
        for (var at = 0; at + TarBlock <= tar.Length; at += TarBlock)
        {
            var header = tar.AsSpan(at, TarBlock);
            if (header.Slice(257, 5).SequenceEqual("ustar"u8))
            {
                var sum = (8 * ' ') - header.Slice(148, 8).ToArray().Sum(b => b) + header.ToArray().Sum(b => b);
                Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
            }
        }

        return Zipped(tar);
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using var stream = entry.Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Unzipped(byte[] file)
    {
        using var gzip = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        using var content = new MemoryStream();
        gzip.CopyTo(content);
        return content.ToArray();
    }

    private static byte[] Zipped(byte[] content)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return file.ToArray();
    }
}

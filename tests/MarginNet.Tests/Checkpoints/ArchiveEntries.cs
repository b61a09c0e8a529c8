using System.IO.Compression;

namespace MarginNet.Tests.Checkpoints;

/// <summary>Takes an archive apart and packs it again, with another pickle and right checksums.</summary>
internal static class ArchiveEntries
{
    public static IReadOnlyList<(string Name, byte[] Content)> Of(byte[] archive)
    {
        using var zip = new ZipArchive(new MemoryStream(archive));
        return [.. zip.Entries.Select(entry => (entry.FullName, Content(entry)))];
    }

    public static byte[] Pack(IReadOnlyList<(string Name, byte[] Content)> entries, Func<byte[], byte[]> pickle)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(name.EndsWith("data.pkl", StringComparison.Ordinal) ? pickle(content) : content);
            }
        }

        return stream.ToArray();
    }

    private static byte[] Content(ZipArchiveEntry entry)
    {
        using var content = new MemoryStream();
        using var stream = entry.Open();
        stream.CopyTo(content);
        return content.ToArray();
    }
}

using System.IO.Compression;

namespace MarginNet.Checkpoints;

/// <summary>Files that may be packed by gzip.</summary>
internal static class PackedFile
{
    private const string Extension = ".gz";
    private const int Chunk = 1 << 16;

    /// <summary>Reads what is in a file; one with gzip's mark is unpacked.</summary>
    /// <param name="path">The file; where there is none, that with <c>.gz</c> behind it or without.</param>
    /// <param name="mostBytes">The most that it may have, unpacked.</param>
    /// <exception cref="InvalidDataException">It has more, or is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static byte[] Read(string path, long mostBytes)
    {
        using var file = File.OpenRead(Find(path));
        Span<byte> mark = stackalloc byte[2];
        var isPacked = file.ReadAtLeast(mark, 2, throwOnEndOfStream: false) == 2 && mark.SequenceEqual<byte>([0x1F, 0x8B]);
        file.Position = 0;
        using Stream content = isPacked ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var bytes = new MemoryStream();
        var buffer = new byte[Chunk];
        for (int read; (read = content.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > mostBytes)
            {
                throw new InvalidDataException($"It has more than {mostBytes} bytes{(isPacked ? " unpacked" : "")}.");
            }
        }

        return bytes.ToArray();
    }

    /// <summary>The file of that name, or where there is none that with <c>.gz</c> behind it or without, whichever there is.</summary>
    public static string Find(string path)
    {
        var other = path.EndsWith(Extension, StringComparison.Ordinal) ? path[..^Extension.Length] : path + Extension;
        return !File.Exists(path) && File.Exists(other) ? other : path;
    }
}

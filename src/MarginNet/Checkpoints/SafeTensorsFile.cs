using System.Buffers.Binary;

namespace MarginNet.Checkpoints;

/// <summary>
/// Reads and writes safetensors files: the length of a JSON header (8 bytes, little-endian), the header, which gives each tensor's
/// element type, shape and place, and the tensors' elements one after the other. Reading takes no more memory than the file
/// is long, plus its names, and does not load LibTorch.
/// </summary>
/// <remarks>
/// As the format demands, the tensors must cover the data exactly once. Element types: those of <see cref="StoredTensor"/>.
/// </remarks>
public static class SafeTensorsFile
{
    /// <summary>Reads a safetensors file.</summary>
    /// <param name="path">File to read.</param>
    /// <returns>Its tensors and texts.</returns>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or no safetensors file;
    /// the message names the path and the reason.</exception>
    public static SafeTensors Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path) && !Directory.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist; expected a safetensors file.", path);
        }

        using var file = File.OpenRead(path);
        return Read(file, path);
    }

    /// <summary>Reads a safetensors file from a stream that can seek, from its beginning to its end.</summary>
    /// <param name="stream">Stream to read; stays open.</param>
    /// <returns>As <see cref="Read(string)"/>.</returns>
    /// <exception cref="InvalidDataException">As <see cref="Read(string)"/>.</exception>
    public static SafeTensors Read(Stream stream)
    {
        if (!stream.CanSeek)
        {
            throw new ArgumentException("Expected a stream that can seek; copy it to memory or to a file first.", nameof(stream));
        }

        return Read(stream, (stream as FileStream)?.Name ?? "stream");
    }

    /// <summary>Writes a safetensors file; see <see cref="AtomicFile"/>.</summary>
    /// <param name="path">File to create or replace.</param>
    /// <param name="content">What to write; no tensor is named <c>__metadata__</c>.</param>
    /// <exception cref="ArgumentException">A name is not allowed, or all of them together exceed the format's 100 MB.</exception>
    /// <exception cref="IOException">As <see cref="AtomicFile.Write"/>.</exception>
    public static void Write(string path, SafeTensors content)
    {
        var header = SafeTensorsHeader.For(content);
        AtomicFile.Write(path, stream => Write(stream, header, content));
    }

    /// <summary>Writes a safetensors file to a stream; the same content gives the same bytes.</summary>
    /// <param name="stream">Stream to write, from where it is; stays open.</param>
    /// <param name="content">As <see cref="Write(string, SafeTensors)"/>.</param>
    /// <exception cref="ArgumentException">As <see cref="Write(string, SafeTensors)"/>.</exception>
    public static void Write(Stream stream, SafeTensors content) => Write(stream, SafeTensorsHeader.For(content), content);

    private static void Write(Stream stream, SafeTensorsHeader header, SafeTensors content)
    {
        var json = header.ToJson();
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        stream.Write(length);
        stream.Write(json);
        foreach (var entry in header.InOrderOfPlace())
        {
            stream.Write(content.Tensors[entry.Name].Data.Span);
        }
    }

    private static SafeTensors Read(Stream stream, string name)
    {
        try
        {
            stream.Position = 0;
            var header = SafeTensorsParser.Parse(ReadHeader(stream));
            header.CheckPlaces(stream.Length - stream.Position);
            return new() { Tensors = ReadTensors(stream, header.Entries), Metadata = header.Metadata };
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"'{name}' cannot be read as a safetensors file. {e.Message}", e);
        }
    }

    private static byte[] ReadHeader(Stream stream)
    {
        Span<byte> start = stackalloc byte[sizeof(ulong)];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length)
        {
            throw new InvalidDataException(stream.Length == 0 ? "It is empty." : "It is cut off.");
        }

        if (FileKind.IsGitLfsPointer(start))
        {
            throw new InvalidDataException(FileKind.GitLfsPointer);
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        var rest = stream.Length - stream.Position;
        if (length > Math.Min((ulong)rest, SafeTensorsHeader.MaxLength))
        {
            throw new InvalidDataException(
                $"It says that its header has {length} bytes; expected at most {Math.Min(rest, SafeTensorsHeader.MaxLength)}: "
                + "it is cut off, or no safetensors file.");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        return json;
    }

    private static Dictionary<string, StoredTensor> ReadTensors(Stream stream, List<SafeTensorsHeader.Entry> entries)
    {
        var start = stream.Position;
        var tensors = new Dictionary<string, StoredTensor>(entries.Count);
        foreach (var entry in entries)
        {
            var data = GC.AllocateUninitializedArray<byte>((int)(entry.End - entry.Start));
            stream.Position = start + entry.Start;
            stream.ReadExactly(data);
            tensors.Add(entry.Name, new(entry.Type, entry.Shape, data));
        }

        return tensors;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Sharding;

/// <summary>
/// The file of a shard: <c>MNSHARD</c> and a byte for the version of the format, the length of the header (uint32, little-endian), the
/// header (JSON), the arrays one after the other, and the SHA-256 of all before it.
/// </summary>
/// <param name="Path">Where it is.</param>
/// <param name="Header">What it is of.</param>
/// <param name="Arrays">Its numbers: arrays of float, double or int.</param>
internal sealed record ShardFile(string Path, ShardHeader Header, IReadOnlyList<(string Name, Array Values)> Arrays)
{
    private const byte FormatVersion = 1;
    private const int PrefixLength = 12;
    private const int MostHeader = 16 << 20;

    private static readonly byte[] Magic = "MNSHARD"u8.ToArray();
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes the file.</summary>
    public void Save() => AtomicFile.Write(Path, stream =>
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Write(ReadOnlySpan<byte> bytes)
        {
            hash.AppendData(bytes);
            stream.Write(bytes);
        }

        var listed = Header with
        {
            Arrays = [.. Arrays.Select(array => new ShardArray(array.Name, TypeOf(array.Values), array.Values.LongLength))],
        };
        var header = JsonSerializer.SerializeToUtf8Bytes(listed, Json);
        var length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)header.Length);
        Write([.. Magic, FormatVersion, .. length, .. header]);
        foreach (var (_, values) in Arrays)
        {
            InChunks(values, bytes => Write(bytes));
        }

        stream.Write(hash.GetHashAndReset());
    });

    /// <summary>Reads a file without trust.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no shard, of another version of the format, or damaged.</exception>
    public static ShardFile Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no shard '{path}': --shard i/n writes one for each i.");
        }

        using var stream = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var prefix = Take(PrefixLength);
        if (!prefix.AsSpan(0, Magic.Length).SequenceEqual(Magic))
        {
            throw new InvalidDataException($"'{path}' is no shard: expected a file that --shard wrote.");
        }

        if (prefix[Magic.Length] != FormatVersion)
        {
            throw new InvalidDataException($"'{path}' is a shard of format {prefix[Magic.Length]}, but this version reads "
                + $"{FormatVersion}: merge with the version of marginnet that made the shards.");
        }

        var headerLength = BinaryPrimitives.ReadUInt32LittleEndian(prefix.AsSpan(Magic.Length + 1));
        var header = headerLength > MostHeader ? throw Damaged("its header is too long") : ReadHeader(Take((int)headerLength), path);
        var left = stream.Length - stream.Position - SHA256.HashSizeInBytes;
        foreach (var array in header.Arrays)
        {
            var size = SizeOf(array.Type);
            left -= size == 0 || array.Length < 0 || array.Length > Array.MaxLength
                ? throw Damaged("an array is of no known type or length")
                : array.Length * size;
        }

        if (left != 0)
        {
            throw Damaged(left < 0 ? "it is too short" : $"it has {left} bytes too many");
        }

        var arrays = header.Arrays.Select(array => (array.Name, ReadArray(array))).ToArray();
        var computed = hash.GetHashAndReset();
        return Take(SHA256.HashSizeInBytes).AsSpan().SequenceEqual(computed)
            ? new(path, header, arrays)
            : throw Damaged("its SHA-256 is another than the one in it");

        InvalidDataException Damaged(string how) =>
            new($"'{path}' is damaged, {how}: make this shard anew.");

        byte[] Take(int count)
        {
            var bytes = count <= stream.Length - stream.Position ? new byte[count] : throw Damaged("it is too short");
            stream.ReadExactly(bytes);
            hash.AppendData(bytes);
            return bytes;
        }

        Array ReadArray(ShardArray array)
        {
            Array values = array.Type switch
            {
                "float32" => new float[array.Length],
                "float64" => new double[array.Length],
                _ => new int[array.Length],
            };
            InChunks(values, bytes =>
            {
                stream.ReadExactly(bytes);
                hash.AppendData(bytes);
            });
            return values;
        }
    }

    private static ShardHeader ReadHeader(byte[] json, string path)
    {
        try
        {
            var header = JsonSerializer.Deserialize<ShardHeader>(json, Json);
            return header is not null && new Shard(header.Number, header.Count).IsOne && header.Arguments.Count > 0
                && !header.Arguments.Contains(null!) && !header.Inputs.Contains(null!) && !header.Images.Contains(null!)
                && !header.Arrays.Contains(null!)
                ? header
                : throw new InvalidDataException($"'{path}' is damaged, its header is of no shard: make this shard anew.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is damaged, its header is no JSON of a shard: make this shard anew.", e);
        }
    }

    private static string TypeOf(Array values) => values switch
    {
        float[] => "float32",
        double[] => "float64",
        int[] => "int32",
        _ => throw new NotSupportedException($"A shard has no arrays of {values.GetType().GetElementType()}."),
    };

    private static int SizeOf(string type) => type switch
    {
        "float32" or "int32" => 4,
        "float64" => 8,
        _ => 0,
    };

    private delegate void Chunk(Span<byte> bytes);

    /// <summary>The bytes of an array, at most a gigabyte at a time: a span is of no more.</summary>
    private static void InChunks(Array values, Chunk use)
    {
        const int Most = 1 << 27;
        switch (values)
        {
            case float[] singles:
                Each(singles);
                break;
            case double[] doubles:
                Each(doubles);
                break;
            case int[] integers:
                Each(integers);
                break;
        }

        void Each<T>(T[] items)
            where T : unmanaged
        {
            for (var start = 0; start < items.Length; start += Most)
            {
                use(MemoryMarshal.AsBytes(items.AsSpan(start, Math.Min(Most, items.Length - start))));
            }
        }
    }
}

using System.Buffers.Binary;

namespace MarginNet.Fuzz;

/// <summary>Damage of the kinds that find faults in readers: bits, bytes, edge values, length fields, cuts, repeats, splices,
/// tokens.</summary>
internal sealed class Mutator(Reader reader, Random random)
{
    private static readonly long[] Edges =
        [0, 1, -1, 2, 16, 64, 100, 127, 128, 255, 256, 4096, 32767, 32768, 65535, 65536, 1
            << 24, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue];

    public Random Random => random;

    /// <summary>Makes the next input: a seed damaged in one way, or as it is once in a while.</summary>
    public byte[] Next()
    {
        var seed = Pick(reader.Seeds);
        var way = random.Next(reader.Structured.Count + 1);
        return random.Next(1000) == 0 ? seed : way == 0 ? Bytes(seed) : reader.Structured[way - 1](this, seed);
    }

    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    /// <summary>A copy of the bytes with one to six pieces of damage, half of them near the start, where the headers are.</summary>
    public byte[] Bytes(byte[] original)
    {
        var bytes = original.ToList();
        for (var i = random.Next(1, 7); i > 0; i--)
        {
            Damage(bytes);
        }

        return [.. bytes];
    }

    private void Damage(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.AddRange(Pick(reader.Seeds));
            return;
        }

        var at = random.Next(random.Next(2) == 0 ? bytes.Count : Math.Min(bytes.Count, 256));
        var length = Math.Min(random.Next(1, random.Next(4) == 0 ? 1000 : 9), bytes.Count - at);
        switch (random.Next(12))
        {
            case 0 or 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
            case 2: bytes[at] = (byte)random.Next(256); break;
            case 3 or 4: WriteNumber(bytes, at, Pick(Edges) + random.Next(-1, 2)); break;
            case 5: WriteNumber(bytes, at, bytes[at] + random.Next(-4, 5)); break;
            case 6: bytes.RemoveRange(at, length); break;
            case 7: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
            case 8: bytes.RemoveRange(at, random.Next(8) == 0 ? bytes.Count - at : 1); break;
            case 9: Splice(bytes, at); break;
            case 10 when reader.Tokens.Count > 0: Insert(bytes, at, Pick(reader.Tokens)); break;
            default: bytes[at] = Pick<byte>([0x00, 0x20, 0x7f, 0x80, 0xff]); break;
        }
    }

    /// <summary>Writes a number where it may be a length, an offset or a count: 1, 2, 4 or 8 bytes, of either order.</summary>
    private void WriteNumber(List<byte> bytes, int at, long value)
    {
        Span<byte> number = stackalloc byte[sizeof(long)];
        var width = 1 << random.Next(4);
        BinaryPrimitives.WriteInt64LittleEndian(number, value);
        number = number[..width];
        if (random.Next(2) == 0)
        {
            number.Reverse();
        }

        for (var i = 0; i < width && at + i < bytes.Count; i++)
        {
            bytes[at + i] = number[i];
        }
    }

    /// <summary>Goes on as another seed does.</summary>
    private void Splice(List<byte> bytes, int at)
    {
        var other = Pick(reader.Seeds);
        bytes.RemoveRange(at, bytes.Count - at);
        bytes.AddRange(other.AsSpan(random.Next(other.Length)));
    }

    private void Insert(List<byte> bytes, int at, byte[] token)
    {
        if (random.Next(2) == 0)
        {
            bytes.RemoveRange(at, Math.Min(token.Length, bytes.Count - at));
        }

        bytes.InsertRange(at, token);
    }
}

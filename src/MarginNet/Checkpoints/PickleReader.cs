using System.Buffers.Binary;
using System.Text;

namespace MarginNet.Checkpoints;

/// <summary>Reads opcodes and their arguments from a pickle; never beyond its end.</summary>
internal sealed class PickleReader(ReadOnlyMemory<byte> pickle)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public byte ReadByte() => Take(1)[0];

    public PickleOpcode ReadOpcode() => (PickleOpcode)ReadByte();

    public long ReadUInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public double ReadDouble() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>Reads a two's complement integer of some bytes.</summary>
    public long ReadLong(uint length)
    {
        var bytes = Take(length);
        if (bytes.Length > sizeof(long))
        {
            throw new InvalidDataException($"It holds an integer of {bytes.Length} bytes; expected at most {sizeof(long)}.");
        }

        long value = bytes.Length > 0 && bytes[^1] >= 0x80 ? -1 : 0;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    public string ReadText(ulong length)
    {
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidDataException($"The text before byte {Position} of its pickle is not UTF-8.");
        }
    }

    public string ReadLine()
    {
        var length = pickle.Span[Position..].IndexOf((byte)'\n');
        var line = ReadText(length < 0 ? ulong.MaxValue : (ulong)length);
        Position++;
        return line;
    }

    public void Skip(ulong length) => Take(length);

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(pickle.Length - Position))
        {
            throw new InvalidDataException($"Its pickle ends after {pickle.Length} bytes, inside a value.");
        }

        var bytes = pickle.Span.Slice(Position, (int)length);
        Position += (int)length;
        return bytes;
    }
}

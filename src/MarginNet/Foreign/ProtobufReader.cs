using System.Buffers.Binary;
using System.Text;

namespace MarginNet.Foreign;

/// <summary>Reads the fields of a Protocol Buffers message, one after the other; never beyond its end.</summary>
/// <param name="message">The message.</param>
internal ref struct ProtobufReader(ReadOnlyMemory<byte> message)
{
    private const int WireVarint = 0;
    private const int WireFixed64 = 1;
    private const int WireBytes = 2;
    private const int WireFixed32 = 5;

    private int _position;

    /// <summary>The number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Its value where it is a number.</summary>
    public ulong Number { get; private set; }

    /// <summary>Its value where it is text, bytes or a message; empty elsewhere.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; }

    /// <summary>The whole field, with its number.</summary>
    public ReadOnlyMemory<byte> Whole { get; private set; }

    /// <summary>The content as text.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Content.Span);

    /// <summary>Reads the next field.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="InvalidDataException">The message is malformed.</exception>
    public bool Next()
    {
        var start = _position;
        if (start == message.Length)
        {
            return false;
        }

        var tag = Varint();
        (Field, Number, Content) = (tag >> 3 is > 0 and <= int.MaxValue and var field ? (int)field : throw Malformed(), 0, default);
        switch ((int)(tag & 7))
        {
            case WireVarint: Number = Varint(); break;
            case WireFixed64: Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)).Span); break;
            case WireFixed32: Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)).Span); break;
            case WireBytes: Content = Take(Varint()); break;
            default: throw Malformed();
        }

        Whole = message[start.._position];
        return true;
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Take(1).Span[0];
            value |= (ulong)(part & 0x7f) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Malformed();
    }

    private ReadOnlyMemory<byte> Take(ulong length)
    {
        if (length > (ulong)(message.Length - _position))
        {
            throw Malformed();
        }

        var content = message.Slice(_position, (int)length);
        _position += (int)length;
        return content;
    }

    private static InvalidDataException Malformed() => new("It is no ONNX model, or is damaged.");
}

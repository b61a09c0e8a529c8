using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace MarginNet.Export;

/// <summary>Writes the fields of a Protocol Buffers message: as much of the wire format as an ONNX file needs.</summary>
internal sealed class ProtobufWriter
{
    private const int WireVarint = 0;
    private const int WireBytes = 2;
    private const int WireFixed32 = 5;

    private readonly ArrayBufferWriter<byte> _output = new();

    public ReadOnlyMemory<byte> Content => _output.WrittenMemory;

    /// <summary>Writes an integer or an enumeration.</summary>
    public void Integer(int field, long value)
    {
        Varint((ulong)((field << 3) | WireVarint));
        Varint((ulong)value);
    }

    public void Float(int field, float value)
    {
        Varint((ulong)((field << 3) | WireFixed32));
        BinaryPrimitives.WriteSingleLittleEndian(_output.GetSpan(sizeof(float)), value);
        _output.Advance(sizeof(float));
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)((field << 3) | WireBytes));
        Varint((ulong)value.Length);
        _output.Write(value);
    }

    /// <summary>What comes before the content of a field of bytes.</summary>
    public static ReadOnlyMemory<byte> Header(int field, long length)
    {
        var writer = new ProtobufWriter();
        writer.Varint((ulong)((field << 3) | WireBytes));
        writer.Varint((ulong)length);
        return writer.Content;
    }

    /// <summary>Writes a message within this one.</summary>
    public void Message(int field, Action<ProtobufWriter> write)
    {
        var inner = new ProtobufWriter();
        write(inner);
        Bytes(field, inner.Content.Span);
    }

    /// <summary>Seven bits a byte, the lowest first; the eighth says that more follow.</summary>
    private void Varint(ulong value)
    {
        var span = _output.GetSpan(10);
        var count = 0;
        for (; value > 0x7f; value >>= 7)
        {
            span[count++] = (byte)(value | 0x80);
        }

        span[count++] = (byte)value;
        _output.Advance(count);
    }
}

using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace MarginNet.Checkpoints;

/// <summary>
/// Writes a zip archive as torch.save does: nothing compressed, every entry's content at a multiple of 64 bytes from the
/// start (PyTorch maps it into memory), by an extra field. The time of every entry is 1980-01-01, so equal content gives equal bytes.
/// </summary>
internal sealed class StoredZipWriter(Stream stream)
{
    private const int Alignment = 64;
    private const int LocalHeaderLength = 30;
    private const int CentralHeaderLength = 46;
    private const int EndLength = 22;
    private const ushort PaddingField = 0x4246; // "FB", the extra field that PyTorch pads with.
    private const ushort FirstDay = (1 << 5) | 1; // 1980-01-01 in MS-DOS form.

    private readonly List<Entry> _entries = [];
    private long _position;

    /// <exception cref="ArgumentException">The archive exceeds what a zip without 64-bit extensions can hold.</exception>
    public void Add(string name, ReadOnlyMemory<byte> content)
    {
        var text = Encoding.ASCII.GetBytes(name);
        var used = _position + LocalHeaderLength + text.Length + 4;
        var padding = (int)((Alignment - (used % Alignment)) % Alignment);
        var entry = new Entry(text, Crc32.HashToUInt32(content.Span), (uint)content.Length, _position);
        RequireRoom(used + padding + content.Length);
        _entries.Add(entry);

        Span<byte> header = stackalloc byte[LocalHeaderLength];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x04034b50);
        WriteCommon(header[4..], entry, extraLength: 4 + padding);
        Write(header);
        Write(text);
        Span<byte> extra = stackalloc byte[4 + padding];
        extra.Fill((byte)'Z');
        BinaryPrimitives.WriteUInt16LittleEndian(extra, PaddingField);
        BinaryPrimitives.WriteUInt16LittleEndian(extra[2..], (ushort)padding);
        Write(extra);
        Write(content.Span);
    }

    /// <summary>Writes the directory.</summary>
    public void Finish()
    {
        var start = _position;
        Span<byte> header = stackalloc byte[CentralHeaderLength];
        foreach (var entry in _entries)
        {
            header.Clear();
            BinaryPrimitives.WriteUInt32LittleEndian(header, 0x02014b50);
            WriteCommon(header[6..], entry, extraLength: 0);
            BinaryPrimitives.WriteUInt32LittleEndian(header[42..], (uint)entry.Offset);
            Write(header);
            Write(entry.Name);
        }

        RequireRoom(_position);
        Span<byte> end = stackalloc byte[EndLength];
        end.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end[8..], (ushort)_entries.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(end[10..], (ushort)_entries.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(end[12..], (uint)(_position - start));
        BinaryPrimitives.WriteUInt32LittleEndian(end[16..], (uint)start);
        Write(end);
    }

    /// <summary>The fields that the local and the central header share, from "version needed" to "extra field length".</summary>
    private static void WriteCommon(Span<byte> fields, Entry entry, int extraLength)
    {
        fields[..26].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(fields[8..], FirstDay);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[10..], entry.Crc);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[14..], entry.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(fields[18..], entry.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(fields[22..], (ushort)entry.Name.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(fields[24..], (ushort)extraLength);
    }

    private void RequireRoom(long end)
    {
        if (end > uint.MaxValue || _entries.Count >= ushort.MaxValue)
        {
            throw new ArgumentException($"A checkpoint of {_entries.Count} entries and more than {_position} bytes is beyond 4 GB or "
                + $"{ushort.MaxValue} tensors; split it.");
        }
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        _position += bytes.Length;
    }

    private sealed record Entry(byte[] Name, uint Crc, uint Length, long Offset);
}

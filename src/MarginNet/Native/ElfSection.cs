using System.Buffers.Binary;
using System.Text;

namespace MarginNet.Native;

/// <summary>An entry of a 64-bit little-endian ELF file's section table (ELF-64 object file format).</summary>
internal sealed record ElfSection(uint Type, long Offset, long Size, int Link, int Info)
{
    /// <summary>The bytes of a file that say where its section table is.</summary>
    public const int HeaderBytes = 64;

    /// <summary>Where a file's section table lies, by its first bytes; null where it is no such file.</summary>
    public static (long Offset, int EntryBytes, int Count)? Locate(ReadOnlySpan<byte> header) =>
        header.Length >= HeaderBytes
            && header.StartsWith("\u007fELF\u0002\u0001"u8) ? ((long)Xword(header, 0x28), Half(header, 0x3A), Half(header, 0x3C)) : null;

    /// <summary>Reads the table.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is cut short.</exception>
    public static List<ElfSection> Parse(ReadOnlySpan<byte> table, int entryBytes, int count)
    {
        var sections = new List<ElfSection>(count);
        for (var i = 0; i < count; i++)
        {
            var entry = table.Slice(i * entryBytes, entryBytes);
            sections.Add(new(Word(entry, 4), (long)Xword(entry, 24), (long)Xword(entry, 32), (int)Word(entry, 40), (int)Word(entry, 44)));
        }

        return sections;
    }

    /// <summary>The text that begins at an offset of a string table, up to its null character.</summary>
    public static string Name(ReadOnlySpan<byte> strings, int offset)
    {
        var text = strings[offset..];
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    public static ushort Half(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);

    public static uint Word(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    public static ulong Xword(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);
}

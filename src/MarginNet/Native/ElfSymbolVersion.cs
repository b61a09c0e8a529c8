using System.Buffers.Binary;
using System.Text;

namespace MarginNet;

/// <summary>Edits the symbol versions that a 64-bit little-endian ELF image requires (ELF gABI, GNU symbol versioning).</summary>
internal static class ElfSymbolVersion
{
    private const uint VersionNeed = 0x6ffffffe; // SHT_GNU_verneed
    private const uint VersionSymbols = 0x6fffffff; // SHT_GNU_versym
    private const ushort WeakFlag = 2; // VER_FLG_WEAK: the loader accepts the version's absence
    private const ushort IndexMask = 0x7fff; // the high bit marks a hidden symbol

    /// <summary>
    /// Marks the requirement of <paramref name="version"/> as weak in <paramref name="image"/>, if
    /// <paramref name="onlySymbol"/> is the only symbol bound to it.
    /// </summary>
    /// <returns>Whether the image was changed; false where it is no such ELF file, is cut off, or another symbol needs the version.</returns>
    public static bool TryMakeWeak(Span<byte> image, string version, string onlySymbol)
    {
        try
        {
            return MakeWeak(image, version, onlySymbol);
        }
        catch (ArgumentOutOfRangeException)
        {
            return false; // An offset points out of the image.
        }
    }

    private static bool MakeWeak(Span<byte> image, string version, string onlySymbol)
    {
        if (image.Length < 64 || !image.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            return false;
        }

        var sections = ReadSections(image);
        var need = sections.Find(section => section.Type == VersionNeed);
        var symbols = sections.Find(section => section.Type == VersionSymbols);
        if (need is null || symbols is null || FindRequirement(image, sections, need, version) is not { } requirement)
        {
            return false;
        }

        var (offset, index) = requirement;
        if (!SymbolsOf(image, sections, symbols, index).TrueForAll(name => name == onlySymbol))
        {
            return false;
        }

        var flags = image[(offset + 4)..];
        BinaryPrimitives.WriteUInt16LittleEndian(flags, (ushort)(Half(flags, 0) | WeakFlag));
        return true;
    }

    private static List<Section> ReadSections(ReadOnlySpan<byte> image)
    {
        var table = (int)Xword(image, 0x28);
        int size = Half(image, 0x3A), count = Half(image, 0x3C);
        var sections = new List<Section>(count);
        for (var i = 0; i < count; i++)
        {
            var header = image.Slice(table + (i * size), size);
            sections.Add(new Section(
                Word(header, 4), (int)Xword(header, 24), (int)Xword(header, 32), (int)Word(header, 40), (int)Word(header, 44)));
        }

        return sections;
    }

    /// <summary>Walks the Verneed records, each with a chain of Vernaux records, and returns the offset and index of the Vernaux named <paramref name="version"/>.</summary>
    private static (int Offset, int Index)? FindRequirement(ReadOnlySpan<byte> image, List<Section> sections, Section need, string version)
    {
        var names = sections[need.Link].Offset;
        var record = need.Offset;
        for (int i = 0, next = 1; i < need.Info && next > 0; i++)
        {
            var auxiliary = record + (int)Word(image, record + 8);
            for (var k = 0; k < Half(image, record + 2); k++)
            {
                if (Name(image, names + (int)Word(image, auxiliary + 8)) == version)
                {
                    return (auxiliary, Half(image, auxiliary + 6) & IndexMask);
                }

                auxiliary += (int)Word(image, auxiliary + 12);
            }

            next = (int)Word(image, record + 12);
            record += next;
        }

        return null;
    }

    private static List<string> SymbolsOf(ReadOnlySpan<byte> image, List<Section> sections, Section versions, int index)
    {
        var table = sections[versions.Link];
        var names = sections[table.Link].Offset;
        var found = new List<string>();
        for (var i = 0; i < versions.Size / sizeof(ushort); i++)
        {
            if ((Half(image, versions.Offset + (sizeof(ushort) * i)) & IndexMask) == index)
            {
                found.Add(Name(image, names + (int)Word(image, table.Offset + (24 * i))));
            }
        }

        return found;
    }

    private static string Name(ReadOnlySpan<byte> image, int offset)
    {
        var text = image[offset..];
        return Encoding.ASCII.GetString(text[..text.IndexOf((byte)0)]);
    }

    private static ushort Half(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(data[offset..]);

    private static uint Word(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(data[offset..]);

    private static ulong Xword(ReadOnlySpan<byte> data, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(data[offset..]);

    private sealed record Section(uint Type, int Offset, int Size, int Link, int Info);
}

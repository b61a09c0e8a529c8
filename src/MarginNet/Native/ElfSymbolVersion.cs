using System.Buffers.Binary;
using static MarginNet.Native.ElfSection;

namespace MarginNet.Native;

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
    /// <returns>Whether the image was changed; false where it is no such ELF file, is cut off,
    /// or another symbol needs the version.</returns>
    public static bool TryMakeWeak(Span<byte> image, string version, string onlySymbol)
    {
        try
        {
            return MakeWeak(image, version, onlySymbol);
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            return false; // An offset points out of the image.
        }
    }

    private static bool MakeWeak(Span<byte> image, string version, string onlySymbol)
    {
        if (Locate(image) is not var (table, entryBytes, count))
        {
            return false;
        }

        var sections = Parse(image[checked((int)table)..], entryBytes, count);
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

    /// <summary>Walks the Verneed records, each with a chain of Vernaux records,
    /// and returns the offset and index of the Vernaux named <paramref name="version"/>.</summary>
    private static (int Offset, int Index)? FindRequirement(
        ReadOnlySpan<byte> image, List<ElfSection> sections, ElfSection need, string version)
    {
        var names = (int)sections[need.Link].Offset;
        var record = (int)need.Offset;
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

    private static List<string> SymbolsOf(ReadOnlySpan<byte> image, List<ElfSection> sections, ElfSection versions, int index)
    {
        var table = sections[versions.Link];
        var names = (int)sections[table.Link].Offset;
        var found = new List<string>();
        for (var i = 0; i < versions.Size / sizeof(ushort); i++)
        {
            if ((Half(image, (int)versions.Offset + (sizeof(ushort) * i)) & IndexMask) == index)
            {
                found.Add(Name(image, names + (int)Word(image, (int)table.Offset + (24 * i))));
            }
        }

        return found;
    }
}

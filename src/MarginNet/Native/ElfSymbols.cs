using static MarginNet.Native.ElfSection;

namespace MarginNet.Native;

/// <summary>The dynamic symbols of a 64-bit little-endian ELF library (ELF gABI).</summary>
/// <param name="Needed">Those it must find elsewhere and that have no version: LibTorch's have none, the C and C++ libraries' do.</param>
/// <param name="Defined">Those it has.</param>
internal sealed record ElfSymbols(IReadOnlyList<string> Needed, IReadOnlyList<string> Defined)
{
    private const uint DynamicSymbols = 11; // SHT_DYNSYM
    private const uint SymbolVersions = 0x6fffffff; // SHT_GNU_versym
    private const int SymbolBytes = 24;
    private const int Weak = 2; // STB_WEAK
    private const int VersionMask = 0x7fff;
    private const int FirstVersion = 2; // 0 is a local symbol and 1 a global one, both without a version.

    /// <summary>Reads a library's table of symbols.</summary>
    /// <exception cref="InvalidDataException">The file is no such library, or is cut short.</exception>
    public static ElfSymbols Read(string path)
    {
        using var file = File.OpenRead(path);
        try
        {
            return Read(file);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or EndOfStreamException or OverflowException)
        {
            throw new InvalidDataException($"'{path}' is no whole library for 64-bit Linux: install it again.", e);
        }
    }

    private static ElfSymbols Read(FileStream file)
    {
        var (offset, entryBytes, count) = Locate(Bytes(file, 0, HeaderBytes)) ?? throw new InvalidDataException();
        var sections = Parse(Bytes(file, offset, (long)entryBytes * count), entryBytes, count);
        var table = sections.Find(section => section.Type == DynamicSymbols) ?? throw new InvalidDataException();
        var symbols = Bytes(file, table);
        var names = Bytes(file, sections[table.Link]);
        var versions = sections.Find(section => section.Type == SymbolVersions) is { } found ? Bytes(file, found) : null;
        List<string> needed = [], defined = [];
        for (var i = 1; i < symbols.Length / SymbolBytes; i++)
        {
            var symbol = symbols.AsSpan(i * SymbolBytes, SymbolBytes);
            var isWeak = symbol[4] >> 4 == Weak;
            var hasVersion = versions is not null && (Half(versions, i * sizeof(ushort)) & VersionMask) >= FirstVersion;
            if (Half(symbol, 6) != 0)
            {
                defined.Add(Name(names, (int)Word(symbol, 0)));
            }
            else if (!isWeak && !hasVersion)
            {
                needed.Add(Name(names, (int)Word(symbol, 0)));
            }
        }

        return new(needed, defined);
    }

    private static byte[] Bytes(FileStream file, ElfSection section) => Bytes(file, section.Offset, section.Size);

    private static byte[] Bytes(FileStream file, long offset, long count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, file.Length - offset);
        var bytes = new byte[checked((int)count)];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}

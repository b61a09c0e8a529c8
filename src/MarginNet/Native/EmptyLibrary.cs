using System.Text;

namespace MarginNet.Native;

/// <summary>
/// A native library for Linux x64 that has nothing in it but its name (DT_SONAME): once it is loaded, whoever asks the dynamic
/// loader for that name gets it, and no file is looked for (ELF gABI).
/// </summary>
internal static class EmptyLibrary
{
    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int SymbolBytes = 24;
    private const int Readable = 4, Writable = 2; // PF_R, PF_W: the loader writes into the dynamic section.

    /// <summary>Makes the image of one.</summary>
    public static byte[] Make(string name)
    {
        const int segments = HeaderBytes, dynamic = segments
            + (3 * SegmentBytes), hash = dynamic + (7 * 16), symbols = hash + 16, names = symbols + SymbolBytes;
        var nameBytes = Encoding.ASCII.GetByteCount(name) + 2; // Names begin with an empty one, and each ends in a null character.
        var image = new byte[names + nameBytes];
        var writer = new ElfWriter(image);

        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(image); // 64-bit, little-endian, version 1.
        writer.At(16).Half(3).Half(62).Word(1); // ET_DYN, EM_X86_64, version 1.
        writer.At(32).Xword(segments); // Where the segments are; there are no sections and no entry point.
        writer.At(52).Half(HeaderBytes).Half(SegmentBytes).Half(3);

        writer.At(segments)
            .Segment(1, Readable | Writable, 0, image.Length, 0x1000) // PT_LOAD: the whole file.
            .Segment(2, Readable | Writable, dynamic, hash - dynamic, 8) // PT_DYNAMIC
            .Segment(0x6474e551, Readable | Writable, 0, 0, 16); // PT_GNU_STACK: no need of an executable stack.

        writer.At(dynamic)
            .Xword(4).Xword(hash) // DT_HASH
            .Xword(5).Xword(names) // DT_STRTAB
            .Xword(6).Xword(symbols) // DT_SYMTAB
            .Xword(10).Xword(nameBytes) // DT_STRSZ
            .Xword(11).Xword(SymbolBytes) // DT_SYMENT
            .Xword(14).Xword(1); // DT_SONAME; a pair of zeros, DT_NULL, ends the section.

        writer.At(hash).Word(1).Word(1); // One bucket and one symbol, the undefined one that every table begins with.
        Encoding.ASCII.GetBytes(name, image.AsSpan(names + 1));
        return image;
    }
}

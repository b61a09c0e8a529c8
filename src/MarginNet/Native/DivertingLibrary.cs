using System.Text;

namespace MarginNet.Native;

/// <summary>
/// A native library for Linux x64 that stands before another: who looks a symbol up in it gets that of the other, save for one function,
/// which goes where this process says (ELF gABI).
/// </summary>
internal static class DivertingLibrary
{
    /// <summary>The symbol of the address where the function goes, to be written before it is called first.</summary>
    public const string Target = "marginnet_target";

    private const int HeaderBytes = 64;
    private const int SegmentBytes = 56;
    private const int SymbolBytes = 24;
    private const int Code = 0x800;
    private const int Page = 0x1000;
    private const int Executable = 1, Writable = 2, Readable = 4; // PF_X, PF_W, PF_R

    /// <summary>Makes the image of one.</summary>
    /// <param name="name">Its name (DT_SONAME).</param>
    /// <param name="behind">The name of the other, which is loaded (DT_NEEDED).</param>
    /// <param name="function">The function.</param>
    public static byte[] Make(string name, string behind, string function)
    {
        const int segments = HeaderBytes, symbols = segments + (4 * SegmentBytes), hash = symbols + (3 * SymbolBytes), names = hash + 24;
        const int dynamic = Page, target = dynamic + (8 * 16);
        var image = new byte[target + sizeof(long)];
        var writer = new ElfWriter(image);
        var end = names + 1; // Names begin with an empty one, and each ends in a null character.
        int Name(string text)
        {
            var at = end;
            end += Encoding.ASCII.GetBytes(text, image.AsSpan(end, Code - end - 1)) + 1;
            return at - names;
        }

        var (own, other, diverted, address) = (Name(name), Name(behind), Name(function), Name(Target));
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(image); // 64-bit, little-endian, version 1.
        writer.At(16).Half(3).Half(62).Word(1); // ET_DYN, EM_X86_64, version 1.
        writer.At(32).Xword(segments); // Where the segments are; there are no sections and no entry point.
        writer.At(52).Half(HeaderBytes).Half(SegmentBytes).Half(4);

        writer.At(segments)
            .Segment(1, Readable | Executable, 0, Page, Page) // PT_LOAD: what is above the page of what is written.
            .Segment(1, Readable | Writable, dynamic, image.Length - dynamic, Page)
            .Segment(2, Readable | Writable, dynamic, target - dynamic, 8) // PT_DYNAMIC
            .Segment(0x6474e551, Readable | Writable, 0, 0, 16); // PT_GNU_STACK: no need of an executable stack.

        writer.At(symbols + SymbolBytes)
            .Word((uint)diverted).Half(0x12).Half(1).Xword(Code).Xword(10) // STB_GLOBAL, STT_FUNC, of some section.
            .Word((uint)address).Half(0x11).Half(1).Xword(target).Xword(sizeof(long)); // STB_GLOBAL, STT_OBJECT

        writer.At(hash).Word(1).Word(3).Word(1).Word(0).Word(2).Word(0); // One bucket: symbol 1, then 2.

        ((ReadOnlySpan<byte>)[0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25]).CopyTo(image.AsSpan(Code)); // endbr64; jmp [rip + what follows]
        writer.At(Code + 6).Word(target - (Code + 10));

        writer.At(dynamic)
            .Xword(1).Xword(other) // DT_NEEDED
            .Xword(4).Xword(hash) // DT_HASH
            .Xword(5).Xword(names) // DT_STRTAB
            .Xword(6).Xword(symbols) // DT_SYMTAB
            .Xword(10).Xword(end - names) // DT_STRSZ
            .Xword(11).Xword(SymbolBytes) // DT_SYMENT
            .Xword(14).Xword(own); // DT_SONAME; a pair of zeros, DT_NULL, ends the section.
        return image;
    }
}

using System.Buffers.Binary;

namespace MarginNet.Native;

/// <summary>Writes the parts of an ELF image, little-endian, one behind the other.</summary>
internal sealed class ElfWriter(byte[] image)
{
    private int _at;

    public ElfWriter At(int offset)
    {
        _at = offset;
        return this;
    }

    public ElfWriter Half(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(_at), value);
        return At(_at + sizeof(ushort));
    }

    public ElfWriter Word(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(_at), value);
        return At(_at + sizeof(uint));
    }

    public ElfWriter Xword(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(_at), value);
        return At(_at + sizeof(long));
    }

    /// <summary>A program header whose segment lies in memory as it lies in the file.</summary>
    public ElfWriter Segment(uint type, uint flags, int offset, int bytes, int alignment) =>
        Word(type).Word(flags).Xword(offset).Xword(offset).Xword(offset).Xword(bytes).Xword(bytes).Xword(alignment);
}

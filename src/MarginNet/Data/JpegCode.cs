namespace MarginNet.Data;

/// <summary>A Huffman code of a JPEG file: canonical, of at most 16 bits (ITU-T T.81, annex C).</summary>
internal sealed class JpegCode
{
    private const int MaxLength = 16;
    private const int Ahead = 9;

    private readonly byte[] _symbols;
    private readonly int[] _limits = new int[MaxLength + 1]; // The first code of 16 bits that is longer than so many.
    private readonly int[] _offsets = new int[MaxLength + 1]; // From a code of so many bits to the place of its symbol.
    private readonly ushort[] _ahead = new ushort[1 << Ahead]; // Length and symbol by the next bits; 0 where the code is longer.

    private JpegCode(byte[] symbols) => _symbols = symbols;

    public int SymbolCount => _symbols.Length;

    /// <summary>Makes the code; null where the counts and symbols make none.</summary>
    /// <param name="counts">How many codes have 1 to 16 bits.</param>
    /// <param name="symbols">At least as many symbols.</param>
    public static JpegCode? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        var total = 0;
        foreach (var count in counts)
        {
            total += count;
        }

        if (total > 256 || total > symbols.Length)
        {
            return null;
        }

        var code = new JpegCode(symbols[..total].ToArray());
        var (next, index) = (0, 0);
        for (var length = 1; length <= MaxLength; length++)
        {
            code._offsets[length] = index - next;
            for (var i = 0; i < counts[length - 1]; i++, next++, index++)
            {
                if (next >= 1 << length)
                {
                    return null;
                }

                if (length <= Ahead)
                {
                    code._ahead.AsSpan(next << (Ahead - length), 1 << (Ahead - length)).Fill((ushort)((length << 8) | symbols[index]));
                }
            }

            code._limits[length] = next << (MaxLength - length);
            next <<= 1;
        }

        return code;
    }

    /// <summary>Reads one symbol.</summary>
    /// <param name="bits">The next 16 bits.</param>
    /// <returns>The length of its code, 0 where there is none such, and the symbol.</returns>
    public (int Length, int Symbol) Read(int bits)
    {
        var known = _ahead[bits >> (MaxLength - Ahead)];
        if (known != 0)
        {
            return (known >> 8, known & 255);
        }

        for (var length = Ahead + 1; length <= MaxLength; length++)
        {
            if (bits < _limits[length])
            {
                return (length, _symbols[(bits >> (MaxLength - length)) + _offsets[length]]);
            }
        }

        return (0, 0);
    }
}

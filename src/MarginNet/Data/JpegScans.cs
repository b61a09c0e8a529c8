using System.Buffers.Binary;
using System.Numerics;

namespace MarginNet.Data;

/// <summary>
/// Follows the coded data of a JPEG file block by block (ITU-T T.81, annexes F and G) without computing pixels,
/// to see whether they are all there: decoders take a cut file that still has its end marker for whole, and paint grey or noise.
/// </summary>
internal sealed class JpegScans
{
    private const int Coefficients = 64;

    private readonly byte[] _file;
    private readonly JpegCode?[] _codes = new JpegCode?[8]; // Four for first coefficients, four for the others.
    private Component[] _components = [];
    private int _maxHorizontal = 1;
    private int _maxVertical = 1;
    private int _height;
    private int _width;
    private int _restartInterval;
    private bool _isProgressive;
    private double _missing;

    private JpegScans(byte[] file) => _file = file;

    /// <summary>Finds what is missing in a file that a decoder takes; nothing of a file that is damaged otherwise.</summary>
    public static JpegDamage Check(byte[] file) => new JpegScans(file).Check();

    private JpegDamage Check()
    {
        for (var at = 2; at + 4 <= _file.Length;)
        {
            if (_file[at] != 0xFF || _file[at + 1] is 0 or 0xFF or (>= 0xD0 and <= 0xD7))
            {
                at++; // Up to the next marker, as decoders do.
                continue;
            }

            var marker = _file[at + 1];
            var length = BinaryPrimitives.ReadUInt16BigEndian(_file.AsSpan(at + 2));
            if (marker == 0xD9 || length < 2 || at + 2 + length > _file.Length)
            {
                break;
            }

            var segment = _file.AsSpan(at + 4, length - 2);
            at += 2 + length;
            if (!Read(marker, segment, ref at))
            {
                return default;
            }
        }

        var unseen = _components.Count(component => component.Precision[0] == Component.Unseen);
        return new(
            unseen > 0 ? Math.Max(_missing, (double)unseen / _components.Length) : _missing,
            _isProgressive && Array.Exists(_components, component => Array.Exists(component.Precision, precision => precision != 0)));
    }

    /// <summary>Takes one segment in, and what follows it; false where it is malformed.</summary>
    private bool Read(byte marker, ReadOnlySpan<byte> segment, ref int at)
    {
        switch (marker)
        {
            case 0xC0 or 0xC1 or 0xC2:
                _isProgressive = marker == 0xC2;
                return ReadFrame(segment);
            case 0xC4:
                return ReadCodes(segment);
            case 0xDD when segment.Length >= 2:
                _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(segment);
                return true;
            case 0xDA:
                return ReadScan(segment, ref at);
            default:
                return true;
        }
    }

    private bool ReadFrame(ReadOnlySpan<byte> segment)
    {
        if (segment.Length < 6 || segment.Length < 6 + (3 * segment[5]) || segment[5] is 0 or > 4)
        {
            return false;
        }

        (_height, _width) = (BinaryPrimitives.ReadUInt16BigEndian(segment[1..]), BinaryPrimitives.ReadUInt16BigEndian(segment[3..]));
        var components = new Component[segment[5]];
        for (var i = 0; i < components.Length; i++)
        {
            var entry = segment.Slice(6 + (3 * i), 3);
            components[i] = new() { Id = entry[0], Horizontal = entry[1] >> 4, Vertical = entry[1] & 15 };
            if (components[i].Horizontal is < 1 or > 4 || components[i].Vertical is < 1 or > 4)
            {
                return false;
            }
        }

        _components = components;
        (_maxHorizontal, _maxVertical) =
            (components.Max(component => component.Horizontal), components.Max(component => component.Vertical));
        return _height > 0 && _width > 0;
    }

    private bool ReadCodes(ReadOnlySpan<byte> segment)
    {
        const int Lengths = 16;
        while (segment.Length > Lengths)
        {
            var table = segment[0];
            if (table is > 0x1F || (table & 15) > 3 || JpegCode.Create(segment.Slice(1, Lengths), segment[(1 + Lengths)..]) is not { } code)
            {
                return false;
            }

            _codes[((table >> 4) * 4) + (table & 15)] = code;
            segment = segment[(1 + Lengths + code.SymbolCount)..];
        }

        return true;
    }

    private bool ReadScan(ReadOnlySpan<byte> segment, ref int at)
    {
        if (segment.Length < 1 || segment[0] is 0 or > 4 || segment.Length < 4 + (2 * segment[0]))
        {
            return false;
        }

        var parts = new Part[segment[0]];
        for (var i = 0; i < parts.Length; i++)
        {
            var (id, tables) = (segment[1 + (2 * i)], segment[2 + (2 * i)]);
            if (Array.Find(_components, component => component.Id == id) is not { } component || tables >> 4 > 3 || (tables & 15) > 3)
            {
                return false;
            }

            parts[i] = new(component, _codes[tables >> 4], _codes[4 + (tables & 15)]);
        }

        var last = segment[(1 + (2 * parts.Length))..];
        var scan = _isProgressive ? new Scan(last[0], last[1], last[2] >> 4, last[2] & 15) : new Scan(0, Coefficients - 1, 0, 0);
        var isMixed = (_isProgressive && scan.First == 0 && scan.Last > 0) || (scan.First > 0 && parts.Length > 1);
        if (scan.First > scan.Last || scan.Last >= Coefficients || isMixed)
        {
            return false;
        }

        var bits = new JpegBits(_file, at);
        var isWhole = Follow(bits, parts, scan);
        at = bits.Position;
        return isWhole;
    }

    /// <summary>Follows one scan; false where its code is broken, which decoders notice themselves.</summary>
    private bool Follow(JpegBits bits, Part[] parts, Scan scan)
    {
        var (across, down) = (Units(_width, 8 * _maxHorizontal), Units(_height, 8 * _maxVertical));
        foreach (var part in parts)
        {
            part.Component.Allocate(across, down, _isProgressive);
            part.Component.Precision.AsSpan(scan.First..(scan.Last + 1)).Fill(scan.Low);
        }

        var isInterleaved = parts.Length > 1;
        var only = parts[0].Component;
        var columns = isInterleaved ? across : Units(_width * only.Horizontal, 8 * _maxHorizontal);
        var rows = isInterleaved ? down : Units(_height * only.Vertical, 8 * _maxVertical);
        var (total, untilRestart, run) = (rows * columns, _restartInterval, 0);
        for (var unit = 0; unit < total; unit++)
        {
            if (_restartInterval > 0 && untilRestart-- == 0)
            {
                (untilRestart, run) = (_restartInterval - 1, 0);
                if (!bits.Restart())
                {
                    return Miss(total - unit, total);
                }
            }

            foreach (var part in parts)
            {
                var (wide, high) = isInterleaved ? (part.Component.Horizontal, part.Component.Vertical) : (1, 1);
                for (var block = 0; block < wide * high; block++)
                {
                    var row = (unit / columns * high) + (block / wide);
                    var column = (unit % columns * wide) + (block % wide);
                    Follow(bits, part, scan, ref part.Component.Block(row, column), ref run);
                    if (bits.IsBroken)
                    {
                        return false;
                    }

                    if (bits.IsShort)
                    {
                        return Miss(total - unit, total);
                    }
                }
            }
        }

        return true;
    }

    private bool Miss(int units, int total)
    {
        _missing = Math.Max(_missing, (double)units / total);
        return true;
    }

    private void Follow(JpegBits bits, Part part, Scan scan, ref ulong nonZero, ref int run)
    {
        if (!_isProgressive)
        {
            bits.Skip(bits.Decode(part.First) & 15);
            FollowSequential(bits, part.Others);
        }
        else if (scan.First == 0)
        {
            bits.Skip(scan.High > 0 ? 1 : bits.Decode(part.First) & 15);
        }
        else if (scan.High == 0)
        {
            FollowFirstPass(bits, part.Others, scan, ref nonZero, ref run);
        }
        else
        {
            FollowRefinement(bits, part.Others, scan, ref nonZero, ref run);
        }
    }

    private static void FollowSequential(JpegBits bits, JpegCode? code)
    {
        for (var k = 1; k < Coefficients && !bits.IsOver;)
        {
            var symbol = bits.Decode(code);
            if ((symbol & 15) == 0 && symbol != 0xF0)
            {
                return; // End of block.
            }

            k += 1 + (symbol >> 4);
            bits.Skip(symbol & 15);
        }
    }

    private static void FollowFirstPass(JpegBits bits, JpegCode? code, Scan scan, ref ulong nonZero, ref int run)
    {
        if (run > 0)
        {
            run--;
            return;
        }

        for (var k = scan.First; k <= scan.Last && !bits.IsOver; k++)
        {
            var symbol = bits.Decode(code);
            var (zeros, size) = (symbol >> 4, symbol & 15);
            if (size == 0 && zeros < 15)
            {
                run = (1 << zeros) - 1 + bits.Take(zeros);
                return;
            }

            k += zeros;
            nonZero |= size > 0 && k < Coefficients ? 1UL << k : 0;
            bits.Skip(size);
        }
    }

    private static void FollowRefinement(JpegBits bits, JpegCode? code, Scan scan, ref ulong nonZero, ref int run)
    {
        var k = scan.First;
        for (; run == 0 && k <= scan.Last && !bits.IsOver; k++)
        {
            var symbol = bits.Decode(code);
            var (zeros, size) = (symbol >> 4, symbol & 15);
            if (size == 0 && zeros < 15)
            {
                run = (1 << zeros) + bits.Take(zeros);
                break;
            }

            bits.Skip(size > 0 ? 1 : 0); // Its sign.
            for (; k <= scan.Last && ((nonZero >> k & 1) != 0 || zeros > 0); k++)
            {
                if ((nonZero >> k & 1) != 0)
                {
                    bits.Skip(1);
                }
                else
                {
                    zeros--;
                }
            }

            nonZero |= size > 0 && k <= scan.Last ? 1UL << k : 0;
        }

        if (run > 0)
        {
            var left = k > scan.Last ? 0 : nonZero >> k << k & (ulong.MaxValue >> (Coefficients - 1 - scan.Last));
            bits.SkipMany(BitOperations.PopCount(left));
            run--;
        }
    }

    private static int Units(int length, int unit) => (length + unit - 1) / unit;

    /// <summary>
    /// Coefficients <paramref name="First"/> to <paramref name="Last"/>,
    /// from bit <paramref name="High"/> (0 for all above) to <paramref name="Low"/>.
    /// </summary>
    private readonly record struct Scan(int First, int Last, int High, int Low);

    private readonly record struct Part(Component Component, JpegCode? First, JpegCode? Others);

    private sealed class Component
    {
        public const int Unseen = -1;

        private ulong[] _nonZero = new ulong[1]; // Bit k for coefficient k of each block.
        private int _columns;

        public required int Id { get; init; }

        public required int Horizontal { get; init; }

        public required int Vertical { get; init; }

        /// <summary>The lowest bit known of each coefficient.</summary>
        public int[] Precision { get; } = [.. Enumerable.Repeat(Unseen, Coefficients)];

        public void Allocate(int across, int down, bool isNeeded)
        {
            if (isNeeded && _columns == 0)
            {
                _columns = across * Horizontal;
                _nonZero = new ulong[_columns * down * Vertical];
            }
        }

        public ref ulong Block(int row, int column) => ref _nonZero[_columns == 0 ? 0 : (row * _columns) + column];
    }
}

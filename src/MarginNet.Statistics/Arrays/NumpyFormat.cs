using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using MarginNet.Checkpoints;

namespace MarginNet.Arrays;

/// <summary>NumPy's .npy format, versions 1 to 3: a magic number, a header that is a Python dictionary, and the numbers.</summary>
internal static partial class NumpyFormat
{
    private const int BufferLength = 1 << 16;

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads a vector or a matrix.</summary>
    /// <param name="stream">The file, from its start.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="name">What messages call it.</param>
    public static NumericArray Read(Stream stream, long length, string name) => Read(stream, name, ParseHeader(stream, length, name));

    /// <summary>Reads a vector or a matrix, or a vector of texts, shape [N] or [N, 1].</summary>
    /// <inheritdoc cref="Read(Stream, long, string)"/>
    public static (NumericArray? Numbers, string[]? Texts) ReadNumbersOrTexts(Stream stream, long length, string name)
    {
        var header = ParseHeader(stream, length, name, mayBeText: true);
        return TextWidthOf(header.Type) == 0 ? (Read(stream, name, header), null)
            : header.Shape is [_] or [_, 1] ? (null, ReadTexts(stream, name, header))
            : throw new InvalidDataException($"{name}: expected a text for each sample, but found shape ({header.ShapeText}).");
    }

    private static NumericArray Read(Stream stream, string name, Header header)
    {
        if (header.Shape.Length is not (1 or 2))
            throw new InvalidDataException($"{name}: expected a vector or a matrix, but found shape ({header.ShapeText}).");

        var values = ReadValues<double>(stream, name, header);
        var (rows, columns) = (header.Shape[0], header.Shape.Length == 2 ? header.Shape[1] : 1);
        if (header.IsFortran && header.Shape.Length == 2 && header.Count > 0) // Two thousand million rows of nothing are a long loop.
            values = ToRowMajor(values, header.Shape);

        return new NumericArray(values, rows, columns, header.Shape.Length == 1);
    }

    /// <summary>Reads images, shape [N, C, H, W], or [N, H, W] for one channel, with at least one of each.</summary>
    /// <inheritdoc cref="Read(Stream, long, string)"/>
    public static (float[] Values, int[] Shape, string Type) ReadImages(Stream stream, long length, string name)
    {
        var header = ParseHeader(stream, length, name);
        if (header.Shape.Length is not (3 or 4) || header.Shape.Contains(0))
            throw new InvalidDataException(
                $"{name}: expected images of shape [N, C, H, W] or [N, H, W], but found shape ({header.ShapeText}).");

        var values = ReadValues<float>(stream, name, header);
        var shape = header.Shape is [var count, var height, var width] ? [count, 1, height, width] : header.Shape;
        return (header.IsFortran ? ToRowMajor(values, header.Shape) : values, shape, header.Type[1..]);
    }

    /// <summary>Reads scores, shape [N, C] or [E, N, C], with at least one of each.</summary>
    /// <inheritdoc cref="Read(Stream, long, string)"/>
    public static (float[] Values, int[] Shape) ReadScores(Stream stream, long length, string name)
    {
        var header = ParseHeader(stream, length, name);
        if (header.Shape.Length is not (2 or 3) || header.Shape.Contains(0))
            throw new InvalidDataException(
                $"{name}: expected scores of shape [N, C] or [E, N, C], but found shape ({header.ShapeText}).");

        var values = ReadValues<float>(stream, name, header);
        return (header.IsFortran ? ToRowMajor(values, header.Shape) : values, header.Shape);
    }

    /// <summary>Writes an array in C order, as numpy.save does: version 1, the numbers aligned at 64 bytes.</summary>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        var type = typeof(T) == typeof(float) ? "<f4" : typeof(T) == typeof(double) ? "<f8" : "<i8";
        var header = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '{type}', 'fortran_order': False, 'shape': "
            + $"({string.Join(", ", shape.ToArray())}{(shape.Length == 1 ? "," : "")}), }}");
        var length = (((Magic.Length + 4 + header.Length + 1 + 63) / 64) * 64) - Magic.Length - 4;
        Span<byte> lengthBytes = [1, 0, (byte)length, (byte)(length >> 8)];
        stream.Write(Magic);
        stream.Write(lengthBytes);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(length - 1) + "\n"));
        for (var start = 0; start < values.Length; start += BufferLength)
            stream.Write(MemoryMarshal.AsBytes(values[start..Math.Min(start + BufferLength, values.Length)]));
    }

    /// <summary>Reads up to the numbers, and makes sure that there are as many as the shape says.</summary>
    private static Header ParseHeader(Stream stream, long length, string name, bool mayBeText = false)
    {
        var (text, headerLength) = ReadHeader(stream, name);
        if (HeaderPattern().Match(text) is not { Success: true } match
            || !Array.TrueForAll(["type", "fortran", "shape"], part => match.Groups[part].Captures.Count == 1))
            throw new InvalidDataException(
                $"{name}: expected a header with descr, fortran_order and shape of a plain array, but found {FileText.Show(text.Trim())}.");

        var sizes = match.Groups["shape"].Value;
        var (shapeText, shape) = (FileText.Show(sizes),
            Array.ConvertAll(sizes.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), ToLength));
        var type = Plain(match.Groups["type"].Value);
        var count = shape.Aggregate((Int128)1, (product, axis) => product * axis);
        if (count > Array.MaxLength
            || (long)count * (mayBeText && TextWidthOf(type) is var width and > 0 ? width : WidthOf(type, name)) > length - headerLength)
            throw new InvalidDataException($"{name}: shape ({shapeText}) of type {type} does not fit in the {length - headerLength} bytes "
                + "of data; the file is cut short or too large.");

        return new(type, match.Groups["fortran"].Value == "True", shape, shapeText, (int)count);
    }

    private static (string Header, long Length) ReadHeader(Stream stream, string name)
    {
        var preamble = Take(stream, 8, name);
        if (!preamble.AsSpan().StartsWith(Magic))
            throw new InvalidDataException($"{name} does not begin like a .npy file; write it with numpy.save.");

        var isFirstVersion = preamble[6] == 1;
        var lengthBytes = Take(stream, isFirstVersion ? 2 : 4, name);
        var length = isFirstVersion
            ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes)
            : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (preamble[6] is 0 or > 3 || length > BufferLength)
            throw new InvalidDataException(
                $"{name}: expected .npy version 1 to 3 and a short header, but found version {preamble[6]} and {length} bytes.");

        return (Encoding.UTF8.GetString(Take(stream, (int)length, name)), preamble.Length + lengthBytes.Length + length);
    }

    private static int WidthOf(string type, string name) => type[1..] switch
    {
        "f8" or "i8" or "u8" => 8,
        "f4" or "i4" or "u4" => 4,
        "f2" or "i2" or "u2" => 2,
        "i1" or "u1" or "b1" => 1,
        _ => throw new InvalidDataException(
            $"{name}: expected real numbers, but found type {FileText.Show(type)}; save it as float32 or float64."),
    };

    /// <summary>The bytes of a text in an array of texts, &lt;U7 of UTF-32 or |S7 of bytes; 0 of other types.</summary>
    private static int TextWidthOf(string type) =>
        type.Length > 2 && type[1] is 'U' or 'S'
            && int.TryParse(type.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= BufferLength / 4
            ? type[1] == 'U' ? 4 * length : length
            : 0;

    private static string[] ReadTexts(Stream stream, string name, Header header)
    {
        var encoding = header.Type switch
        {
            ['>', 'U', ..] =>
            new UTF32Encoding(bigEndian: true, byteOrderMark: false),
            [_, 'U', ..] => Encoding.UTF32,
            _ => Encoding.UTF8
        };
        var texts = new string[header.Count];
        for (var i = 0; i < texts.Length; i++)
            texts[i] = encoding.GetString(Take(stream, TextWidthOf(header.Type), name)).TrimEnd('\0');

        return texts;
    }

    /// <summary>The type as numpy.save writes it, since numpy.load takes the other names of a type as well: float32 is =f4.</summary>
    private static string Plain(string type)
    {
        var (order, name) = type[0] is '<' or '>' or '|' or '=' ? (type[0], type[1..]) : ('=', type);
        return order + name switch
        {
            "float64" or "double" or "d" => "f8",
            "float32" or "single" or "f" => "f4",
            "float16" or "half" or "e" => "f2",
            "int64" or "q" => "i8",
            "int32" or "i" => "i4",
            "int16" or "h" => "i2",
            "int8" or "b" => "i1",
            "uint64" or "Q" => "u8",
            "uint32" or "I" => "u4",
            "uint16" or "H" => "u2",
            "uint8" or "B" => "u1",
            "bool" or "?" => "b1",
            _ => name,
        };
    }

    private static Action<ReadOnlyMemory<byte>, Memory<T>> ConverterOf<T>(string type)
        where T : unmanaged, INumberBase<T> => type[1..] switch
        {
            "f8" => Convert<double, T>,
            "f4" => Convert<float, T>,
            "f2" => Convert<Half, T>,
            "i8" => Convert<long, T>,
            "i4" => Convert<int, T>,
            "i2" => Convert<short, T>,
            "i1" => Convert<sbyte, T>,
            "u8" => Convert<ulong, T>,
            "u4" => Convert<uint, T>,
            "u2" => Convert<ushort, T>,
            _ => Convert<byte, T>,
        };

    private static T[] ReadValues<T>(Stream stream, string name, Header header)
        where T : unmanaged, INumberBase<T>
    {
        var (values, width, convert) = (new T[header.Count], WidthOf(header.Type, name), ConverterOf<T>(header.Type));
        var buffer = new byte[BufferLength];
        for (var start = 0; start < values.Length;)
        {
            var count = Math.Min(BufferLength / width, values.Length - start);
            var bytes = buffer.AsMemory(0, count * width);
            if (stream.ReadAtLeast(bytes.Span, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new InvalidDataException($"{name} is cut short.");

            if (header.Type[0] == '>')
                for (var i = 0; i < bytes.Length; i += width)
                    bytes.Span.Slice(i, width).Reverse();

            convert(bytes, values.AsMemory(start, count));
            start += count;
        }

        return values;
    }

    private static void Convert<TStored, T>(ReadOnlyMemory<byte> bytes, Memory<T> values)
        where TStored : unmanaged, INumberBase<TStored>
        where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, TStored>(bytes.Span), values.Span);

    /// <summary>Reorders an array whose first index runs fastest so that the last one does.</summary>
    private static T[] ToRowMajor<T>(T[] values, int[] shape)
    {
        var ordered = new T[values.Length];
        var index = new int[shape.Length];
        foreach (var value in values)
        {
            var at = 0;
            for (var axis = 0; axis < shape.Length; axis++)
                at = (at * shape[axis]) + index[axis];

            ordered[at] = value;
            for (var axis = 0; axis < shape.Length && ++index[axis] == shape[axis]; axis++)
                index[axis] = 0;
        }

        return ordered;
    }

    private static byte[] Take(Stream stream, int count, string name)
    {
        var bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count
            ? bytes
            : throw new InvalidDataException($"{name} is cut short.");
    }

    private static int ToLength(string text) =>
        int.TryParse(text.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : int.MaxValue;

    // A Python dictionary: its entries in any order, either quotes, 120L as Python 2 wrote it, space wherever it may be.
    [GeneratedRegex(
        """
        ^\s*\{(?:\s*(?:
            u?(?:'descr'|"descr") \s*:\s* u?(?:'(?<type>[<>|=]?[\w?]+)'|"(?<type>[<>|=]?[\w?]+)") |
            u?(?:'fortran_order'|"fortran_order") \s*:\s* (?<fortran>True|False) |
            u?(?:'shape'|"shape") \s*:\s* \((?<shape>[\dL,\s]*)\)
        )\s*,?){3}
        """,
        RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex HeaderPattern();

    private sealed record Header(string Type, bool IsFortran, int[] Shape, string ShapeText, int Count);
}

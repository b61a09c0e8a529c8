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
    public static NumericArray Read(Stream stream, long length, string name)
    {
        var header = ParseHeader(stream, length, name);
        if (header.Shape.Length is not (1 or 2))
            throw new InvalidDataException($"{name}: expected a vector or a matrix, but found shape ({header.ShapeText}).");

        var values = ReadValues<double>(stream, name, header);
        var (rows, columns) = (header.Shape[0], header.Shape.Length == 2 ? header.Shape[1] : 1);
        if (header.IsFortran && header.Shape.Length == 2 && header.Count > 0) // Two thousand million rows of nothing are a long loop.
            values = Transpose(values, rows, columns);

        return new NumericArray(values, rows, columns, header.Shape.Length == 1);
    }

    /// <summary>Reads images, shape [N, C, H, W], or [N, H, W] for one channel, with at least one of each.</summary>
    /// <inheritdoc cref="Read"/>
    public static (float[] Values, int[] Shape) ReadImages(Stream stream, long length, string name)
    {
        var header = ParseHeader(stream, length, name);
        if (header.Shape.Length is not (3 or 4) || header.Shape.Contains(0))
            throw new InvalidDataException($"{name}: expected images of shape [N, C, H, W] or [N, H, W], but found shape ({header.ShapeText}).");
        if (header.IsFortran || header.Type[1] != 'f')
            throw new InvalidDataException($"{name}: expected floating-point pixels in C order, but found type {header.Type} in {(header.IsFortran ? "Fortran" : "C")} order; save numpy.ascontiguousarray(x, 'float32').");

        var shape = header.Shape is [var count, var height, var width] ? [count, 1, height, width] : header.Shape;
        return (ReadValues<float>(stream, name, header), shape);
    }

    /// <summary>Writes an array in C order, as numpy.save does: version 1, the numbers aligned at 64 bytes.</summary>
    public static void Write<T>(Stream stream, ReadOnlySpan<T> values, ReadOnlySpan<int> shape)
        where T : unmanaged
    {
        var type = typeof(T) == typeof(float) ? "<f4" : "<i8";
        var header = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Join(", ", shape.ToArray())}{(shape.Length == 1 ? "," : "")}), }}");
        var length = (((Magic.Length + 4 + header.Length + 1 + 63) / 64) * 64) - Magic.Length - 4;
        Span<byte> lengthBytes = [1, 0, (byte)length, (byte)(length >> 8)];
        stream.Write(Magic);
        stream.Write(lengthBytes);
        stream.Write(Encoding.ASCII.GetBytes(header.PadRight(length - 1) + "\n"));
        for (var start = 0; start < values.Length; start += BufferLength)
            stream.Write(MemoryMarshal.AsBytes(values[start..Math.Min(start + BufferLength, values.Length)]));
    }

    /// <summary>Reads up to the numbers, and makes sure that there are as many as the shape says.</summary>
    private static Header ParseHeader(Stream stream, long length, string name)
    {
        var (text, headerLength) = ReadHeader(stream, name);
        if (HeaderPattern().Match(text) is not { Success: true } match)
            throw new InvalidDataException($"{name}: expected a header with descr, fortran_order and shape of a plain array, but found {FileText.Show(text.Trim())}.");

        var sizes = match.Groups["shape"].Value;
        var (shapeText, shape) = (FileText.Show(sizes), Array.ConvertAll(sizes.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), ToLength));
        var type = match.Groups["type"].Value;
        var count = shape.Aggregate((Int128)1, (product, axis) => product * axis);
        if (count > Array.MaxLength || (long)count * WidthOf(type, name) > length - headerLength)
            throw new InvalidDataException($"{name}: shape ({shapeText}) of type {type} does not fit in the {length - headerLength} bytes of data; the file is cut short or too large.");

        return new(type, match.Groups["fortran"].Value == "True", shape, shapeText, (int)count);
    }

    private static (string Header, long Length) ReadHeader(Stream stream, string name)
    {
        var preamble = Take(stream, 8, name);
        if (!preamble.AsSpan().StartsWith(Magic))
            throw new InvalidDataException($"{name} does not begin like a .npy file; write it with numpy.save.");

        var isFirstVersion = preamble[6] == 1;
        var lengthBytes = Take(stream, isFirstVersion ? 2 : 4, name);
        var length = isFirstVersion ? BinaryPrimitives.ReadUInt16LittleEndian(lengthBytes) : BinaryPrimitives.ReadUInt32LittleEndian(lengthBytes);
        if (preamble[6] is 0 or > 3 || length > BufferLength)
            throw new InvalidDataException($"{name}: expected .npy version 1 to 3 and a short header, but found version {preamble[6]} and {length} bytes.");

        return (Encoding.UTF8.GetString(Take(stream, (int)length, name)), preamble.Length + lengthBytes.Length + length);
    }

    private static int WidthOf(string type, string name) => type[1..] switch
    {
        "f8" or "i8" or "u8" => 8,
        "f4" or "i4" or "u4" => 4,
        "f2" or "i2" or "u2" => 2,
        "i1" or "u1" or "b1" => 1,
        _ => throw new InvalidDataException($"{name}: expected real numbers, but found type {FileText.Show(type)}; save it as float32 or float64."),
    };

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

    private static double[] Transpose(double[] values, int rows, int columns)
    {
        var transposed = new double[values.Length];
        for (var row = 0; row < rows; row++)
            for (var column = 0; column < columns; column++)
                transposed[(row * columns) + column] = values[(column * rows) + row];

        return transposed;
    }

    private static byte[] Take(Stream stream, int count, string name)
    {
        var bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw new InvalidDataException($"{name} is cut short in its header.");
    }

    private static int ToLength(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : int.MaxValue;

    [GeneratedRegex(@"^\{'descr': *'(?<type>[<>|=]\w+)', *'fortran_order': *(?<fortran>True|False), *'shape': *\((?<shape>[\d, ]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderPattern();

    private sealed record Header(string Type, bool IsFortran, int[] Shape, string ShapeText, int Count);
}

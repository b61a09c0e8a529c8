using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

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
        var (header, headerLength) = ReadHeader(stream, name);
        if (HeaderPattern().Match(header) is not { Success: true } match)
            throw new InvalidDataException($"{name}: expected a header with descr, fortran_order and shape of a plain array, but found {header.Trim()}.");

        var shape = match.Groups["shape"].Value;
        var lengths = shape.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (lengths is not ([_] or [_, _]))
            throw new InvalidDataException($"{name}: expected a vector or a matrix, but found shape ({shape}).");

        var type = match.Groups["type"].Value;
        var (width, convert) = FindType(type, name);
        var rows = ToLength(lengths[0]);
        var columns = lengths.Length == 2 ? ToLength(lengths[1]) : 1;
        if (rows * columns > Array.MaxLength || rows * columns * width > length - headerLength)
            throw new InvalidDataException($"{name}: shape ({shape}) of type {type} does not fit in the {length - headerLength} bytes of data; the file is cut short or too large.");

        var values = new double[rows * columns];
        ReadValues(stream, name, values, width, convert, isSwapped: type[0] == '>');
        if (match.Groups["fortran"].Value == "True" && lengths.Length == 2)
            values = Transpose(values, (int)rows, (int)columns);

        return new NumericArray(values, (int)rows, (int)columns, lengths.Length == 1);
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

    private static (int Width, Action<ReadOnlyMemory<byte>, Memory<double>> Convert) FindType(string type, string name) => type[1..] switch
    {
        "f8" => (8, Convert<double>),
        "f4" => (4, Convert<float>),
        "f2" => (2, Convert<Half>),
        "i8" => (8, Convert<long>),
        "i4" => (4, Convert<int>),
        "i2" => (2, Convert<short>),
        "i1" => (1, Convert<sbyte>),
        "u8" => (8, Convert<ulong>),
        "u4" => (4, Convert<uint>),
        "u2" => (2, Convert<ushort>),
        "u1" or "b1" => (1, Convert<byte>),
        _ => throw new InvalidDataException($"{name}: expected real numbers, but found type {type}; save it as float32 or float64."),
    };

    private static void ReadValues(Stream stream, string name, double[] values, int width, Action<ReadOnlyMemory<byte>, Memory<double>> convert, bool isSwapped)
    {
        var buffer = new byte[BufferLength];
        for (var start = 0; start < values.Length;)
        {
            var count = Math.Min(BufferLength / width, values.Length - start);
            var bytes = buffer.AsMemory(0, count * width);
            if (stream.ReadAtLeast(bytes.Span, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new InvalidDataException($"{name} is cut short.");

            if (isSwapped)
                for (var i = 0; i < bytes.Length; i += width)
                    bytes.Span.Slice(i, width).Reverse();

            convert(bytes, values.AsMemory(start, count));
            start += count;
        }
    }

    private static void Convert<T>(ReadOnlyMemory<byte> bytes, Memory<double> values)
        where T : unmanaged, INumberBase<T> =>
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, T>(bytes.Span), values.Span);

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

    private static long ToLength(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : int.MaxValue;

    [GeneratedRegex(@"^\{'descr': *'(?<type>[<>|=]\w+)', *'fortran_order': *(?<fortran>True|False), *'shape': *\((?<shape>[\d, ]*)\)", RegexOptions.CultureInvariant)]
    private static partial Regex HeaderPattern();
}

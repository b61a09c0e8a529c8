using System.Runtime.InteropServices;
using MarginNet.Checkpoints;
using Onnx;
using static TorchSharp.torch;

namespace MarginNet.Graph.Onnx;

/// <summary>Tensors of ONNX files, in raw bytes or in typed fields.</summary>
internal static class OnnxTensor
{
    private const int MostAxes = 16;

    /// <summary>Reads a tensor: real numbers as float32, integers as int64; the caller disposes it.</summary>
    /// <exception cref="InvalidDataException">It is of another type, or damaged.</exception>
    public static Tensor Read(TensorProto proto)
    {
        var shape = proto.Dims.ToArray();
        if (shape.Length > MostAxes)
        {
            throw Damaged(proto, $"{shape.Length} axes: expected at most {MostAxes}");
        }

        var count = 1L;
        foreach (var size in shape)
        {
            count = size >= 0 && (size == 0 || count <= Array.MaxLength / size)
                ? count * size
                : throw Damaged(proto, "a shape that cannot be");
        }

        if (proto.DataLocation == TensorProto.Types.DataLocation.External)
        {
            throw Damaged(proto, "its numbers in another file, which was not read");
        }

        return (TensorProto.Types.DataType)proto.DataType switch
        {
            TensorProto.Types.DataType.Float => Make(Numbers(proto, count, proto.FloatData), shape),
            TensorProto.Types.DataType.Double => Make(
                Array.ConvertAll(Numbers(proto, count, proto.DoubleData), value => (float)value), shape),
            TensorProto.Types.DataType.Float16 => Make(
                Array.ConvertAll(Bits16(proto, count), bits => (float)BitConverter.UInt16BitsToHalf(bits)), shape),
            TensorProto.Types.DataType.Bfloat16 => Make(
                Array.ConvertAll(Bits16(proto, count), bits => BitConverter.UInt32BitsToSingle((uint)bits << 16)), shape),
            TensorProto.Types.DataType.Int64 => Make(Numbers(proto, count, proto.Int64Data), shape),
            TensorProto.Types.DataType.Int32 => Make(Array.ConvertAll(Numbers(proto, count, proto.Int32Data), value => (long)value), shape),
            TensorProto.Types.DataType.Int16 => Make(Array.ConvertAll(Bits16(proto, count), bits => (long)(short)bits), shape),
            TensorProto.Types.DataType.Uint16 => Make(Array.ConvertAll(Bits16(proto, count), bits => (long)bits), shape),
            TensorProto.Types.DataType.Bool or TensorProto.Types.DataType.Uint8 => Make(Bytes(proto, count), shape),
            TensorProto.Types.DataType.Int8 => Make(Array.ConvertAll(Bytes(proto, count), value => (long)(sbyte)value), shape),
            var type => throw Damaged(proto, $"numbers of type {type}"),
        };
    }

    private static T[] Numbers<T>(TensorProto proto, long count, IEnumerable<T> typed)
        where T : unmanaged
    {
        var numbers = proto.RawData.IsEmpty ? [.. typed] : MemoryMarshal.Cast<byte, T>(proto.RawData.Span).ToArray();
        return numbers.Length == count ? numbers : throw Damaged(proto, $"{numbers.Length} numbers where its shape has {count}");
    }

    private static ushort[] Bits16(TensorProto proto, long count) => Numbers(proto, count, proto.Int32Data.Select(bits => (ushort)bits));

    private static long[] Bytes(TensorProto proto, long count) =>
        Array.ConvertAll(Numbers(proto, count, proto.Int32Data.Select(value => (byte)value)), value => (long)value);

    private static Tensor Make(float[] values, long[] shape) => tensor(values, shape);

    private static Tensor Make(long[] values, long[] shape) => tensor(values, shape);

    private static InvalidDataException Damaged(TensorProto proto, string what) => new($"Tensor '{FileText.Show(proto.Name)}' has {what}.");
}

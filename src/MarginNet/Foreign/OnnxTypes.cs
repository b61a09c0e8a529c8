using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>The element types of ONNX's tensors, by their numbers in onnx.proto.</summary>
internal static class OnnxTypes
{
    /// <summary>The bytes that a tensor takes; null where its type or shape is not known here.</summary>
    public static long? Bytes(ulong type, List<long> shape)
    {
        long? size = type switch
        {
            2 or 3 or 9 or 17 or 18 or 19 or 20 => 1, // uint8, int8, bool, and float8.
            4 or 5 or 10 or 16 => 2, // uint16, int16, float16, bfloat16.
            1 or 6 or 12 => 4, // float, int32, uint32.
            7 or 11 or 13 or 14 => 8, // int64, double, uint64, complex64.
            15 => 16, // complex128.
            _ => null,
        };
        return StoredTensor.ElementCount([.. shape]) is { } count && count < long.MaxValue / 16 ? count * size : null;
    }
}

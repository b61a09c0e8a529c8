using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>The element types of a state dict: PyTorch's storage class, dtype name, safetensors' name and bytes per element.</summary>
internal static class ElementTypes
{
    private static readonly (ScalarType Type, string Storage, string Dtype, string Safe, int Size)[] Table =
    [
        (ScalarType.Float32, "torch.FloatStorage", "torch.float32", "F32", 4),
        (ScalarType.Float64, "torch.DoubleStorage", "torch.float64", "F64", 8),
        (ScalarType.Float16, "torch.HalfStorage", "torch.float16", "F16", 2),
        (ScalarType.BFloat16, "torch.BFloat16Storage", "torch.bfloat16", "BF16", 2),
        (ScalarType.Byte, "torch.ByteStorage", "torch.uint8", "U8", 1),
        (ScalarType.Int8, "torch.CharStorage", "torch.int8", "I8", 1),
        (ScalarType.Int16, "torch.ShortStorage", "torch.int16", "I16", 2),
        (ScalarType.Int32, "torch.IntStorage", "torch.int32", "I32", 4),
        (ScalarType.Int64, "torch.LongStorage", "torch.int64", "I64", 8),
        (ScalarType.Bool, "torch.BoolStorage", "torch.bool", "BOOL", 1),
    ];

    public static bool IsKnown(ScalarType type) => Array.Exists(Table, entry => entry.Type == type);

    public static int SizeOf(ScalarType type) => Array.Find(Table, entry => entry.Type == type).Size;

    public static string StorageOf(ScalarType type) => Array.Find(Table, entry => entry.Type == type).Storage;

    /// <summary>The type of a storage class such as "torch.FloatStorage"; null for another name.</summary>
    public static ScalarType? FromStorage(string name) => Find(entry => entry.Storage == name);

    /// <summary>The type of a dtype such as "torch.float32"; null for another name.</summary>
    public static ScalarType? FromDtype(string name) => Find(entry => entry.Dtype == name);

    /// <summary>The name in a safetensors header, such as "F32".</summary>
    public static string SafeNameOf(ScalarType type) => Array.Find(Table, entry => entry.Type == type).Safe;

    /// <summary>The type of a name in a safetensors header; null for another name.</summary>
    public static ScalarType? FromSafeName(string name) => Find(entry => entry.Safe == name);

    private static ScalarType? Find(Predicate<(ScalarType Type, string Storage, string Dtype, string Safe, int Size)> match)
    {
        var index = Array.FindIndex(Table, match);
        return index < 0 ? null : Table[index].Type;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace MarginNet.Tests.Checkpoints;

/// <summary>Pieces of a pickle, put together by hand as no honest writer would: <c>[.. Pickle.Start, .. Pickle.Int(1), ..
/// Pickle.Stop]</c>.</summary>
internal static class Pickle
{
    public static byte[] Start => [0x80, 2];

    public static byte[] Stop => "."u8.ToArray();

    public static byte[] Mark => "("u8.ToArray();

    public static byte[] Tuple => "t"u8.ToArray();

    public static byte[] Reduce => "R"u8.ToArray();

    public static byte[] False => [0x89];

    public static byte[] Raw(string opcodes) => Encoding.Latin1.GetBytes(opcodes);

    public static byte[] Int(long value)
    {
        var bytes = new byte[10];
        (bytes[0], bytes[1]) = (0x8a, 8);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(2), value);
        return bytes;
    }

    public static byte[] Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return [(byte)'X', .. BitConverter.GetBytes(utf8.Length), .. utf8];
    }

    public static byte[] Global(string module, string name) => Raw($"c{module}\n{name}\n");

    public static byte[] Integers(params long[] values) => [.. Mark, .. values.SelectMany(Int), .. Tuple];

    public static byte[] Storage(string type, string key, long count, string module = "torch") =>
        [.. Mark, .. Text("storage"), .. Global(module, type), .. Text(key), .. Text("cpu"), .. Int(count), .. Tuple, .. Raw("Q")];

    /// <summary>A call of _rebuild_tensor_v2 on float32 elements.</summary>
    public static byte[] Tensor(long count, long offset, long[] size, long[] stride, string key = "0") =>
    [
        .. Global("torch._utils", "_rebuild_tensor_v2"), .. Mark, .. Storage("FloatStorage", key, count), .. Int(offset), .. Integers(size),
        .. Integers(stride), .. False, .. Global("collections", "OrderedDict"), .. Raw(")R"), .. Tuple, .. Reduce,
    ];
}

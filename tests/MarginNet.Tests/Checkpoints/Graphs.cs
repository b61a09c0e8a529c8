using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Tests.Checkpoints;

/// <summary>Graphs of plain values to write and to read.</summary>
internal static class Graphs
{
    private static readonly ScalarType[] Types =
    [
        ScalarType.Float32, ScalarType.Float64, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int8, ScalarType.Int16,
        ScalarType.Int32, ScalarType.Int64, ScalarType.Byte, ScalarType.Bool,
    ];

    /// <summary>A checkpoint with every kind of value, element type and edge that the format knows.</summary>
    public static Dictionary<string, object?> Everything()
    {
        var random = new Random(5);
        var state = new Dictionary<string, object?>();
        foreach (var type in Types)
        {
            state[$"{type}.weight"] = Tensor(random, type, 2, 3);
            state[$"{type}.scalar"] = Tensor(random, type);
            state[$"{type}.empty"] = Tensor(random, type, 0, 3);
        }

        return new()
        {
            ["format"] = 1L,
            ["none"] = null,
            ["yes"] = true,
            ["no"] = false,
            ["name"] = "Δ réseau 🙂 \u0001\n",
            ["blank"] = "",
            ["integers"] = new List<object?> { 0L, -1L, 255L, 256L, 65536L, (long)int.MinValue, 1L << 40, long.MinValue, long.MaxValue },
            ["doubles"] = new List<object?> { 0.0, -0.0, 1e-300, double.Epsilon, double.MaxValue, double.NaN, double.PositiveInfinity },
            ["nested"] = new Dictionary<string, object?>
            {
                [""] = new List<object?> { new List<object?>(), new Dictionary<string, object?>() },
            },
            ["state_dict"] = state,
        };
    }

    /// <summary>A random tree; every list and dictionary has up to four items.</summary>
    public static object? Random(Random random, int depth) => random.Next(depth > 0 ? 9 : 6) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
        3 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
        4 => new string((char)random.Next(1, 0xd800), random.Next(20)),
        5 => Tensor(random, Types[random.Next(Types.Length)], [.. Enumerable.Range(0, random.Next(4)).Select(_ => random.NextInt64(4))]),
        6 => Enumerable.Range(0, random.Next(5)).Select(_ => Random(random, depth - 1)).ToList(),
        _ => Enumerable.Range(0, random.Next(5)).ToDictionary(i => $"key {i}", _ => Random(random, depth - 1)),
    };

    private static StoredTensor Tensor(Random random, ScalarType type, params long[] shape)
    {
        var size = type switch
        {
            ScalarType.Float64 or ScalarType.Int64 => 8,
            ScalarType.Float32 or ScalarType.Int32 => 4,
            ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Int16 => 2,
            _ => 1,
        };
        var data = new byte[shape.Aggregate(1L, (product, length) => product * length) * size];
        random.NextBytes(data);
        if (type == ScalarType.Bool)
        {
            data = [.. data.Select(value => (byte)(value & 1))];
        }

        return new StoredTensor(type, [.. shape], data);
    }
}

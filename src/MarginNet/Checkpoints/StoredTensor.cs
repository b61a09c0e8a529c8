using System.Collections.Immutable;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Checkpoints;

/// <summary>
/// A tensor as a file holds it: element type, shape and bytes, outside of LibTorch.
/// Making one or reading one does not load LibTorch; only <see cref="ToTensor"/> and <see cref="FromTensor"/> do.
/// </summary>
public sealed class StoredTensor : IStoredValue
{
    /// <summary>Wraps the elements of a tensor, without a copy.</summary>
    /// <param name="type">Element type: float32, float64, float16, bfloat16, int8, int16, int32, int64, uint8 or bool.</param>
    /// <param name="shape">Sizes, each at least 0; empty for a scalar.</param>
    /// <param name="data">Elements in row-major order, little-endian; the caller must not change them afterwards.</param>
    /// <exception cref="ArgumentException">The type is another one, or the data are not as long as type and shape say.</exception>
    public StoredTensor(ScalarType type, ImmutableArray<long> shape, ReadOnlyMemory<byte> data)
    {
        if (!ElementTypes.IsKnown(type))
        {
            throw new ArgumentException($"Elements of type {type} cannot be stored; expected float, int, uint8 or bool.", nameof(type));
        }

        if (shape.IsDefault || ElementCount(shape.AsSpan()) is not { } count || count > long.MaxValue / 8)
        {
            throw new ArgumentException(
                $"No tensor has the shape [{(shape.IsDefault ? "null" : string.Join(", ", shape))}].", nameof(shape));
        }

        var expected = count * ElementTypes.SizeOf(type);
        if (data.Length != expected)
        {
            throw new ArgumentException(
                $"Expected {expected} bytes for {type} of shape [{string.Join(", ", shape)}], but got {data.Length}.", nameof(data));
        }

        (Type, Shape, Data, Count) = (type, shape, data, count);
    }

    /// <summary>Element type.</summary>
    public ScalarType Type { get; }

    /// <summary>Sizes; empty for a scalar.</summary>
    public ImmutableArray<long> Shape { get; }

    /// <summary>Elements in row-major order, little-endian.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>Number of elements.</summary>
    public long Count { get; }

    string IStoredValue.Description => $"{Type} [{string.Join(", ", Shape)}]";

    bool IStoredValue.IsScalar => Shape.IsEmpty;

    /// <summary>Copies a tensor of any device and any strides; gradients are not kept.</summary>
    /// <param name="tensor">Tensor of an element type named at the constructor.</param>
    /// <exception cref="ArgumentException">The element type is another one.</exception>
    public static StoredTensor FromTensor(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var plain = tensor.detach().cpu().contiguous();
        return new StoredTensor(plain.dtype, [.. plain.shape], plain.bytes.ToArray());
    }

    /// <summary>Copies numbers to a float64 tensor of shape [n].</summary>
    /// <param name="values">The numbers, n ≥ 0.</param>
    public static StoredTensor FromDoubles(ReadOnlySpan<double> values) =>
        new(ScalarType.Float64, [values.Length], MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>Copies the elements to a new tensor on the CPU, without gradient; the caller disposes it.</summary>
    public Tensor ToTensor()
    {
        var tensor = empty([.. Shape], dtype: Type);
        Data.Span.CopyTo(tensor.bytes);
        return tensor;
    }

    /// <summary>
    /// Converts the elements to double, in row-major order: exact for all types but int64 beyond ±2⁵³, which is rounded;
    /// bool gives 0 and 1.
    /// </summary>
    public double[] ToDoubles()
    {
        var values = new double[Count];
        switch (Type)
        {
            case ScalarType.Float64: Elements<double>().CopyTo(values); break;
            case ScalarType.Float32: TensorPrimitives.ConvertTruncating(Elements<float>(), values); break;
            case ScalarType.Float16: TensorPrimitives.ConvertTruncating(Elements<Half>(), values); break;
            case ScalarType.BFloat16: ConvertBFloat16(Elements<ushort>(), values); break;
            case ScalarType.Int64: TensorPrimitives.ConvertTruncating(Elements<long>(), values); break;
            case ScalarType.Int32: TensorPrimitives.ConvertTruncating(Elements<int>(), values); break;
            case ScalarType.Int16: TensorPrimitives.ConvertTruncating(Elements<short>(), values); break;
            case ScalarType.Int8: TensorPrimitives.ConvertTruncating(Elements<sbyte>(), values); break;
            default: TensorPrimitives.ConvertTruncating(Elements<byte>(), values); break; // uint8 and bool.
        }

        return values;
    }

    /// <summary>The product of the sizes; null where one is negative or the product of those above 0 exceeds int64.</summary>
    internal static long? ElementCount(ReadOnlySpan<long> shape)
    {
        long count = 1;
        var isEmpty = false;
        foreach (var size in shape)
        {
            if (size < 0 || (size > 0 && count > long.MaxValue / size))
            {
                return null;
            }

            isEmpty |= size == 0;
            count *= Math.Max(size, 1);
        }

        return isEmpty ? 0 : count;
    }

    // bfloat16 is the upper half of a float32.
    private static void ConvertBFloat16(ReadOnlySpan<ushort> source, Span<double> target)
    {
        for (var i = 0; i < source.Length; i++)
        {
            target[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }

    private ReadOnlySpan<T> Elements<T>()
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data.Span);
}

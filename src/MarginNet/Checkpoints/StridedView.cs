using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>
/// How a tensor lies in its storage: element (i₁, …, iₙ) is number offset + Σ iₖ·strideₖ of the storage's elements.
/// </summary>
internal sealed record StridedView(ScalarType Type, long StorageCount, long Offset, long[] Size, long[] Stride)
{
    private const int MaxDimensions = 64; // LibTorch's own limit.

    public int ElementSize => ElementTypes.SizeOf(Type);

    /// <summary>Number of elements of the tensor.</summary>
    public long Count => StoredTensor.ElementCount(Size) ?? -1;

    /// <summary>Refuses a view that is malformed or reaches beyond its storage.</summary>
    public void Check(string key)
    {
        // Storage sizes: the archive compares them with the entry's length, so only the multiplication must be safe here.
        var isPossible = StorageCount is >= 0 and <= long.MaxValue / 8 && Size.Length == Stride.Length && Size.Length <= MaxDimensions &&
            Offset >= 0 && Array.TrueForAll(Stride, stride => stride >= 0) && Count is >= 0 and <= long.MaxValue / 8;
        if (!isPossible || (Count > 0 && Last() >= StorageCount))
        {
            throw new InvalidDataException(
                $"A tensor of shape [{string.Join(", ", Size.Take(MaxDimensions))}], "
                + $"strides [{string.Join(", ", Stride.Take(MaxDimensions))}], "
                + $"offset {Offset} does not fit storage {FileText.Quote(key)} of {StorageCount} elements.");
        }
    }

    /// <summary>Whether the elements lie one after the other in row-major order.</summary>
    public bool IsContiguous()
    {
        long expected = 1;
        for (var k = Size.Length - 1; k >= 0; k--)
        {
            if (Size[k] != 1 && Stride[k] != expected)
            {
                return false;
            }

            expected *= Size[k];
        }

        return true;
    }

    public StoredTensor Slice(ReadOnlyMemory<byte> storage) =>
        new(Type, [.. Size], Count == 0 ? default : storage.Slice((int)(Offset * ElementSize), (int)(Count * ElementSize)));

    /// <summary>Copies the elements in row-major order.</summary>
    public StoredTensor Gather(ReadOnlySpan<byte> storage)
    {
        var data = GC.AllocateUninitializedArray<byte>((int)(Count * ElementSize));
        switch (ElementSize)
        {
            case 1: Gather<byte>(storage, data); break;
            case 2: Gather<ushort>(storage, data); break;
            case 4: Gather<uint>(storage, data); break;
            default: Gather<ulong>(storage, data); break;
        }

        return new StoredTensor(Type, [.. Size], data);
    }

    private void Gather<T>(ReadOnlySpan<byte> storage, Span<byte> data)
        where T : unmanaged
    {
        var source = MemoryMarshal.Cast<byte, T>(storage);
        var target = MemoryMarshal.Cast<byte, T>(data);
        var index = new long[Size.Length];
        var position = Offset;
        foreach (ref var element in target)
        {
            element = source[(int)position];
            position = Advance(index, position);
        }
    }

    /// <summary>Steps to the next element in row-major order, like an odometer.</summary>
    private long Advance(long[] index, long position)
    {
        for (var k = Size.Length - 1; k >= 0; k--)
        {
            position += Stride[k];
            if (++index[k] < Size[k])
            {
                break;
            }

            position -= Size[k] * Stride[k];
            index[k] = 0;
        }

        return position;
    }

    /// <summary>The number of the last element that the view touches, or the largest integer where it is beyond.</summary>
    private long Last()
    {
        var last = (Int128)Offset;
        for (var k = 0; k < Size.Length; k++)
        {
            last += (Int128)(Size[k] - 1) * Stride[k];
        }

        return last > long.MaxValue ? long.MaxValue : (long)last;
    }
}

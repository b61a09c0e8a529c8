namespace MarginNet.Checkpoints;

/// <summary>
/// Makes tensors of the storages of one file. A contiguous tensor is a slice of its storage, without a copy, so tied weights
/// stay tied; others are copied, up to a total of four times the file, since strides of 0 or many views of one storage can
/// claim any size.
/// </summary>
internal sealed class StridedCopies(long fileLength)
{
    private const int MaxGrowth = 4;
    private const long Allowance = 1 << 20; // So that small expanded tensors pass.

    private long _left = (MaxGrowth * fileLength) + Allowance;

    public StoredTensor Take(StridedView view, ReadOnlyMemory<byte> storage)
    {
        if (view.Count == 0 || view.IsContiguous())
        {
            return view.Slice(storage);
        }

        var bytes = view.Count * view.ElementSize;
        if (bytes > Math.Min(_left, Array.MaxLength))
        {
            throw new InvalidDataException(
                $"A tensor of shape [{string.Join(", ", view.Size)}], strides [{string.Join(", ", view.Stride)}] would unfold to {bytes} "
                + "bytes, out of proportion to the file; save tensor.contiguous().");
        }

        _left -= bytes;
        return view.Gather(storage.Span);
    }
}

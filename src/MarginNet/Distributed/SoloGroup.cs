namespace MarginNet.Distributed;

/// <summary>A group of one process.</summary>
internal sealed class SoloGroup : IProcessGroup
{
    public int Rank => 0;

    public int Size => 1;

    public void AllReduce(Span<float> values)
    {
    }

    public void AllReduce(Span<double> values)
    {
    }

    public void Broadcast(Span<byte> values, int root = 0)
    {
    }

    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all) => own.CopyTo(all);

    public void Barrier()
    {
    }
}

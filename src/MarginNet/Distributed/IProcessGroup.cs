namespace MarginNet.Distributed;

/// <summary>
/// Processes that train one network together. Each call is made by all of them, in the same order, and returns once its result is there.
/// <see cref="MpiGroup"/> is one; another needs these few calls only.
/// </summary>
public interface IProcessGroup
{
    /// <summary>The number of this process, from 0 to <see cref="Size"/> − 1. Rank 0 keeps states and reports progress.</summary>
    int Rank { get; }

    /// <summary>The number of processes, at least 1.</summary>
    int Size { get; }

    /// <summary>Replaces each number by its sum over all ranks, the same bits on each.</summary>
    /// <param name="values">As many on each rank.</param>
    void AllReduce(Span<float> values);

    /// <inheritdoc cref="AllReduce(Span{float})"/>
    void AllReduce(Span<double> values);

    /// <summary>Replaces the bytes by those of one rank.</summary>
    /// <param name="values">As many on each rank.</param>
    /// <param name="root">The rank that has them. Default 0.</param>
    void Broadcast(Span<byte> values, int root = 0);

    /// <summary>Collects the bytes of all ranks.</summary>
    /// <param name="own">Those of this rank, as many on each.</param>
    /// <param name="all">Filled with those of rank 0, then of rank 1 and so on: <see cref="Size"/> times as many.</param>
    void AllGather(ReadOnlySpan<byte> own, Span<byte> all);

    /// <summary>Returns once all ranks have called it.</summary>
    void Barrier();
}

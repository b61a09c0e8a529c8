using System.Numerics;
using MarginNet.Distributed;

namespace MarginNet.Tests.Distributed;

/// <summary>A group of threads of this process. Where one fails, the others end, too.</summary>
internal sealed class ThreadGroup : IProcessGroup
{
    private readonly State _state;

    private ThreadGroup(State state, int rank) => (_state, Rank) = (state, rank);

    public int Rank { get; }

    public int Size => _state.Messages.Length;

    /// <summary>Runs every rank, and throws what the first that failed threw.</summary>
    public static T[] Run<T>(int size, Func<IProcessGroup, T> run)
    {
        using var state = new State(size);
        var results = new T[size];
        Exception? first = null;
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                results[rank] = run(new ThreadGroup(state, rank));
            }
#pragma warning disable CA1031 // Do not catch general exception types: it is thrown again below.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref first, e, null);
                state.Failure.Cancel();
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return first is null ? results : throw first;
    }

    public void AllReduce(Span<float> values) => Sum(values);

    public void AllReduce(Span<double> values) => Sum(values);

    public void Broadcast(Span<byte> values, int root = 0) => Exchange(values.ToArray())[root].CopyTo(values);

    public void AllGather(ReadOnlySpan<byte> own, Span<byte> all)
    {
        var messages = Exchange(own.ToArray());
        for (var rank = 0; rank < Size; rank++)
        {
            messages[rank].CopyTo(all[(rank * own.Length)..]);
        }
    }

    public void Barrier() => _state.Barrier.SignalAndWait(_state.Failure.Token);

    private void Sum<T>(Span<T> values)
        where T : unmanaged, INumber<T>
    {
        var all = Exchange(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values).ToArray());
        values.Clear();
        foreach (var message in all)
        {
            var other = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, T>(message);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] += other[i];
            }
        }
    }

    private byte[][] Exchange(byte[] own)
    {
        _state.Messages[Rank] = own;
        Barrier();
        var all = _state.Messages.ToArray();
        Barrier(); // Until all have read.
        return all;
    }

    private sealed class State(int size) : IDisposable
    {
        public byte[][] Messages { get; } = new byte[size][];

        public Barrier Barrier { get; } = new(size);

        public CancellationTokenSource Failure { get; } = new();

        public void Dispose()
        {
            Barrier.Dispose();
            Failure.Dispose();
        }
    }
}

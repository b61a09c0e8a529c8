using System.Runtime.InteropServices;
using MarginNet.Distributed;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// Splits each batch over the ranks, and sums what they found: the gradients of the mean loss over the whole batch, the mean of the
/// batch-norms' statistics, and the figures of the tally. One message carries it all, so that after it every rank is in the same state.
/// </summary>
/// <remarks>
/// Parts are weighted by their samples, so the sum is the gradient of the whole batch whatever the parts' sizes. With
/// <paramref name="fixedParts"/> a batch has as many parts whoever computes them, and they are summed in their order: the
/// same bytes for any number of ranks.
/// </remarks>
/// <param name="group">The ranks.</param>
/// <param name="network">The network, whose gradients and statistics are exchanged.</param>
/// <param name="fixedParts">The parts of a batch; 0 for one for each rank.</param>
internal sealed class BatchExchange(IProcessGroup group, nn.Module network, int fixedParts) : IDisposable
{
    private const int Figures = 3; // Of TrainingTally; after them the share whose statistics count, and whether to stop.

    private readonly Parameter[] _weights = [.. network.parameters().Where(weight => weight.requires_grad)];
    private readonly Tensor[] _statistics = Buffers(network, "running_mean", "running_var"); // Each rank moves them by its own samples.
    private readonly Tensor[] _before = Copies(Buffers(network, "running_mean", "running_var"));
    private readonly Tensor[] _counters = Buffers(network, "num_batches_tracked"); // Of passes, whose number is to be that of batches.
    private readonly Tensor[] _countersBefore = Copies(Buffers(network, "num_batches_tracked"));
    private readonly List<Tensor> _rows = []; // One for each part of this rank; on the CPU, as messages are.
    private int _parts;

    private int All => fixedParts > 0 ? fixedParts : group.Size;

    private long Length => _weights.Sum(weight => weight.numel()) + _statistics.Sum(each => each.numel()) + Figures + 2;

    /// <summary>Begins a step: the parts that this rank computes, each followed by <see cref="Add"/>.</summary>
    public IEnumerable<BatchPart> Begin(int batch)
    {
        using var inference = no_grad();
        Copy(_statistics, _before);
        Copy(_counters, _countersBefore);
        _parts = 0;
        var (first, next) = fixedParts > 0 ? Own(group.Rank) : (group.Rank, group.Rank + 1);
        return Enumerable.Range(first, next - first).Select(i => BatchPart.Of(batch, i, All));
    }

    /// <summary>Takes what the pass over a part left in the network, and the sums of its figures.</summary>
    public void Add(BatchPart part, Tensor figures)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        if (_parts == _rows.Count)
        {
            _rows.Add(zeros(Length).DetachFromDisposeScope());
        }

        var row = _rows[_parts++];
        if (part.Share == 0)
        {
            row.zero_();
        }
        else
        {
            long at = 0;
            foreach (var weight in _weights)
            {
                var place = Place(row, ref at, weight);
                _ = weight.grad is { } gradient ? place.copy_(gradient) : place.zero_();
            }

            // A single number has no variance, and LibTorch makes NaN of it.
            var counts = part.Count > 1 || _statistics.All(each => each.isfinite().all().item<bool>());
            foreach (var statistics in _statistics)
            {
                var place = Place(row, ref at, statistics);
                _ = counts ? place.copy_(statistics * part.Share) : place.zero_();
            }

            row.narrow(0, at, Figures).copy_(figures);
            row[-2] = counts ? part.Share : 0;
        }

        Copy(_before, _statistics); // Where the next part begins, too.
    }

    /// <summary>Sums over all parts and brings the sums to the network.</summary>
    /// <param name="stops">Whether this rank is asked to stop.</param>
    /// <returns>The sums of the figures, and whether any rank is asked to stop.</returns>
    public (Tensor Figures, bool Stops) Sum(bool stops)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        _rows[0][-1] = stops ? 1 : 0;
        var sum = fixedParts > 0 ? SumInOrder() : _rows[0];
        if (fixedParts == 0)
        {
            group.AllReduce(Floats(sum));
        }

        long at = 0;
        foreach (var weight in _weights)
        {
            var place = Place(sum, ref at, weight);
            weight.grad?.copy_(place);
        }

        var counted = sum[-2];
        var move = counted.item<float>() > 0;
        foreach (var statistics in _statistics)
        {
            var place = Place(sum, ref at, statistics);
            _ = move ? statistics.copy_(place / counted) : statistics;
        }

        foreach (var (counter, before) in _counters.Zip(_countersBefore))
        {
            counter.copy_(minimum(counter, before + 1));
        }

        var figures = sum.narrow(0, at, Figures).to(ScalarType.Float64).to(network.parameters().First().device, copy: true);
        return (figures.MoveToOuterDisposeScope(), sum[-1].item<float>() > 0);
    }

    /// <summary>Collects the rows of a batch from all ranks.</summary>
    /// <param name="rows">Those of this rank's parts, each [n, C] float32.</param>
    /// <param name="columns">C.</param>
    /// <returns>The rows [B, C] in the order of the batch; the caller disposes them.</returns>
    public Tensor Gather(IReadOnlyList<Tensor> rows, long columns)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var own = rows.Count == 0 ? [] : cat([.. rows]).cpu().contiguous().data<float>().ToArray();
        var all = group.AllGather(MemoryMarshal.AsBytes(own.AsSpan()));
        float[] values = [.. all.SelectMany(bytes => MemoryMarshal.Cast<byte, float>(bytes).ToArray())];
        return tensor(values).view(-1, columns).to(network.parameters().First().device).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _rows.ForEach(row => row.Dispose());
        Array.ForEach([.. _before, .. _countersBefore], each => each.Dispose());
    }

    private static Tensor[] Buffers(nn.Module network, params string[] endings) =>
    [
        .. network.named_buffers()
            .Where(each => endings.Any(ending => each.name.EndsWith(ending, StringComparison.Ordinal)))
            .Select(each => each.buffer),
    ];

    private static Tensor[] Copies(Tensor[] tensors) => Array.ConvertAll(tensors, each => each.clone().DetachFromDisposeScope());

    private static void Copy(Tensor[] from, Tensor[] to)
    {
        foreach (var (source, target) in from.Zip(to))
        {
            target.copy_(source);
        }
    }

    private static Tensor Place(Tensor row, ref long at, Tensor tensor)
    {
        var place = row.narrow(0, at, tensor.numel()).view(tensor.shape);
        at += tensor.numel();
        return place;
    }

    private static Span<float> Floats(Tensor row) => MemoryMarshal.Cast<byte, float>(row.bytes);

    /// <summary>The fixed parts of a rank: from the first to before the next.</summary>
    private (int First, int Next) Own(int rank) => (fixedParts * rank / group.Size, fixedParts * (rank + 1) / group.Size);

    private Tensor SumInOrder()
    {
        var most = (fixedParts + group.Size - 1) / group.Size; // Parts of a rank.
        var sum = zeros(Length);
        var (own, all) = (zeros(Length), zeros(Length * group.Size));
        var parts = new Tensor[fixedParts];
        for (var k = 0; k < most; k++)
        {
            group.AllGather((k < _rows.Count ? _rows[k] : own).bytes, all.bytes);
            for (var rank = 0; rank < group.Size; rank++)
            {
                var (first, next) = Own(rank);
                if (first + k < next)
                {
                    parts[first + k] = group.Size == 1 ? _rows[k] : all.narrow(0, rank * Length, Length).clone();
                }
            }
        }

        foreach (var part in parts)
        {
            sum.add_(part);
        }

        return sum;
    }
}

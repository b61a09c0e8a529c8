using System.Runtime.InteropServices;
using MarginNet.Data;
using MarginNet.Distributed;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>Scores of a whole image set, computed in parts by the ranks of a group, in the batches of one process.</summary>
internal static class SharedScoring
{
    /// <summary>Computes the scores of every image, the same on each rank.</summary>
    /// <exception cref="InvalidDataException">On every rank, where a score is NaN or infinite.</exception>
    public static ScoreMatrix Score(nn.Module<Tensor, Tensor> network, ImageSet images, Precision precision, IProcessGroup group)
    {
        var (first, next) = Rows(images.Count, group.Rank, group.Size);
        ScoreMatrix? own = null;
        var trouble = "";
        try
        {
            own = first == next ? null : network.Score(images.Select([.. Enumerable.Range(first, next - first)]), precision, default);
        }
        catch (InvalidDataException e)
        {
            trouble = e.Message;
        }

        if (Array.Find(group.AllGather(trouble), text => text.Length > 0) is { } found)
        {
            throw new InvalidDataException(found);
        }

        var classes = (int)group.AllGather(own?.ClassCount ?? 0L).Max();
        var all = new float[images.Count * classes];
        for (var i = first; i < next; i++)
        {
            own![i - first].CopyTo(all.AsSpan(i * classes));
        }

        for (var rank = 0; rank < group.Size; rank++)
        {
            var (start, end) = Rows(images.Count, rank, group.Size);
            group.Broadcast(MemoryMarshal.AsBytes(all.AsSpan(start * classes, (end - start) * classes)), rank);
        }

        return new(all, classes);
    }

    /// <summary>The rows of a rank, whole batches of them.</summary>
    private static (int First, int Next) Rows(int count, int rank, int size)
    {
        long batches = (count + Scoring.DefaultBatchSize - 1) / Scoring.DefaultBatchSize;
        int Start(int of) => (int)Math.Min(count, batches * of / size * Scoring.DefaultBatchSize);
        return (Start(rank), Start(rank + 1));
    }
}

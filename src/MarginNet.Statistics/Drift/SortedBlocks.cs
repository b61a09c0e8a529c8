using System.Runtime.InteropServices;

namespace MarginNet.Drift;

/// <summary>A sorted list of numbers that grows: blocks of bounded size, so that a number goes in without moving all.</summary>
internal sealed class SortedBlocks
{
    private const int BlockSize = 1024;

    private readonly List<List<double>> _blocks;

    /// <param name="sorted">Numbers in increasing order.</param>
    public SortedBlocks(double[] sorted)
    {
        _blocks = [.. sorted.Chunk(BlockSize / 2).Select(chunk => chunk.ToList())];
        Count = sorted.Length;
    }

    public int Count { get; private set; }

    /// <summary>The numbers in increasing order.</summary>
    public double[] ToArray() => [.. _blocks.SelectMany(block => block)];

    /// <summary>How many numbers are below <paramref name="x"/>, and how many are equal to it.</summary>
    public (int Below, int Equal) Rank(double x)
    {
        var (below, upTo) = (0, 0);
        foreach (var block in _blocks)
        {
            if (block[0] > x)
            {
                break;
            }

            below += block[^1] < x ? block.Count : CountBelow(block, x, orEqual: false);
            upTo += block[^1] <= x ? block.Count : CountBelow(block, x, orEqual: true);
        }

        return (below, upTo - below);
    }

    public void Add(double x)
    {
        Count++;
        var index = _blocks.FindIndex(block => block[^1] >= x);
        if (_blocks.Count == 0)
        {
            _blocks.Add([x]);
            return;
        }

        index = index < 0 ? _blocks.Count - 1 : index;
        var target = _blocks[index];
        target.Insert(CountBelow(target, x, orEqual: true), x);
        if (target.Count == BlockSize)
        {
            _blocks.Insert(index + 1, target[(BlockSize / 2)..]);
            target.RemoveRange(BlockSize / 2, BlockSize / 2);
        }
    }

    private static int CountBelow(List<double> block, double x, bool orEqual)
    {
        var values = CollectionsMarshal.AsSpan(block);
        var start = 0;
        for (var length = values.Length; length > 0;)
        {
            var half = (length + 1) >>> 1;
            var last = values[start + half - 1];
            start += last < x || (orEqual && last == x) ? half : 0;
            length = last < x || (orEqual && last == x) ? length - half : half - 1;
        }

        return start;
    }
}

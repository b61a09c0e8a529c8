namespace MarginNet.Drift;

/// <summary>Conformal p-values of numbers, small for small ones, smoothed: ties are broken by draws.</summary>
internal sealed class SmoothedRank(DriftMonitorOptions options, double[] sorted)
{
    private readonly SortedBlocks _numbers = new(sorted);
    private readonly ulong _seed = Mix((ulong)options.Seed);

    /// <summary>The numbers that ranks are among, in increasing order.</summary>
    public double[] Numbers => _numbers.ToArray();

    /// <summary>(#{smaller} + u (1 + #{equal}))/(n + 1) among n numbers, with u uniform on (0, 1]; a number itself where ranks are
    /// none.</summary>
    /// <param name="x">A number that is not NaN.</param>
    /// <param name="index">Its place in the stream, which together with the seed decides u.</param>
    public double PValue(double x, long index)
    {
        if (options.Ranks == RankKind.None)
        {
            return x;
        }

        var (below, equal) = _numbers.Rank(x);
        var p = (below + (Draw(index) * (1 + equal))) / (1 + _numbers.Count);
        if (options.Ranks == RankKind.Online)
        {
            _numbers.Add(x);
        }

        return p;
    }

    /// <summary>SplitMix64, whose state is the place itself, so that nothing of it is to be kept.</summary>
    private double Draw(long index) => ((Mix(_seed + ((ulong)index * 0x9E3779B97F4A7C15)) >> 11) + 1) * (1.0 / (1L << 53));

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

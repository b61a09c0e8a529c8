namespace MarginNet.Data;

/// <summary>The order in which an epoch visits the samples: a function of the seed and the epoch alone.</summary>
public static class EpochOrder
{
    /// <summary>
    /// Returns a random permutation of 0 … <paramref name="count"/> − 1. The same arguments give the same permutation on every
    /// platform and in every run, so that a resumed training needs to store none.
    /// </summary>
    /// <param name="count">The number of samples, at least 0.</param>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="epoch">The epoch, at least 0; each has its own permutation.</param>
    /// <returns>A new array of <paramref name="count"/> distinct indices.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> or <paramref name="epoch"/> is negative.</exception>
    public static int[] Shuffled(int count, int seed, int epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegative(epoch);
        var order = new int[count];
        for (var i = 0; i < count; i++)
        {
            order[i] = i;
        }

        var random = new SplitMix64(seed, epoch);
        random.Shuffle(order);
        return order;
    }
}

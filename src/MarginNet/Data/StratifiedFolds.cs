using System.Runtime.InteropServices;

namespace MarginNet.Data;

/// <summary>K disjoint parts of the samples with the classes in the same proportions, each to be held out in turn.</summary>
public static class StratifiedFolds
{
    /// <summary>Deals the samples of each class, shuffled, to the folds in turn.</summary>
    /// <param name="labels">The class of each sample, shape [N]; those of unknown class, −1, are treated as one more class.</param>
    /// <param name="folds">K, at least 2 and at most N.</param>
    /// <param name="seed">Decides which samples; the same seed gives the same folds everywhere.</param>
    /// <returns>The fold of each sample, shape [N], each in [0, K); sizes differ by one at most, those of a class likewise.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="folds"/> is out of range.</exception>
    public static int[] Compute(ReadOnlySpan<int> labels, int folds, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(folds, labels.Length);
        var fold = new int[labels.Length];
        var next = 0;
        foreach (var (label, members) in StratifiedSplit.GroupByClass(labels))
        {
            new SplitMix64(seed, label).Shuffle(CollectionsMarshal.AsSpan(members));
            foreach (var index in members)
            {
                fold[index] = next++ % folds;
            }
        }

        return fold;
    }
}

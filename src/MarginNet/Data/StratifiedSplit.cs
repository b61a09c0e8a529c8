using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace MarginNet.Data;

/// <summary>
/// Two disjoint sets of sample indices with the classes in the same proportions, such as samples to train on and samples kept
/// out of training for calibration.
/// </summary>
/// <param name="Rest">The indices not held out, ascending.</param>
/// <param name="HeldOut">The indices held out, ascending.</param>
public sealed record StratifiedSplit(ImmutableArray<int> Rest, ImmutableArray<int> HeldOut)
{
    /// <summary>
    /// Holds out round(<paramref name="share"/>·n_c) randomly chosen samples of each class c with n_c samples; at least one and
    /// at most n_c − 1 where n_c ≥ 2, and none of a class with a single sample.
    /// </summary>
    /// <param name="labels">The class of each sample, shape [N]; those of unknown class, −1, are treated as one more class.</param>
    /// <param name="share">The share to hold out, in (0, 1).</param>
    /// <param name="seed">Decides which samples; the same seed gives the same split everywhere.</param>
    /// <returns>Every index in [0, N), in exactly one of the two sets.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="share"/> is not strictly between 0 and 1.</exception>
    public static StratifiedSplit Compute(ReadOnlySpan<int> labels, double share, int seed)
    {
        if (!(share > 0 && share < 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "The share to hold out must be strictly between 0 and 1.");
        }

        var heldOut = new bool[labels.Length];
        foreach (var (label, members) in GroupByClass(labels))
        {
            new SplitMix64(seed, label).Shuffle(CollectionsMarshal.AsSpan(members));
            foreach (var index in CollectionsMarshal.AsSpan(members)[..CountToHold(members.Count, share)])
            {
                heldOut[index] = true;
            }
        }

        return new StratifiedSplit(IndicesOf(heldOut, false), IndicesOf(heldOut, true));
    }

    /// <summary>The samples of each class, classes and samples ascending.</summary>
    internal static SortedDictionary<int, List<int>> GroupByClass(ReadOnlySpan<int> labels)
    {
        var groups = new SortedDictionary<int, List<int>>();
        for (var i = 0; i < labels.Length; i++)
        {
            if (!groups.TryGetValue(labels[i], out var members))
            {
                groups.Add(labels[i], members = []);
            }

            members.Add(i);
        }

        return groups;
    }

    private static int CountToHold(int count, double share) =>
        count < 2 ? 0 : Math.Clamp((int)Math.Round(share * count, MidpointRounding.AwayFromZero), 1, count - 1);

    private static ImmutableArray<int> IndicesOf(bool[] marks, bool mark) =>
        [.. Enumerable.Range(0, marks.Length).Where(i => marks[i] == mark)];
}

using System.Collections.Immutable;
using MarginNet.Detection;

namespace MarginNet.Evaluation;

/// <summary>How many samples of each class were taken for each class.</summary>
public sealed class ConfusionMatrix
{
    private readonly int[,] _counts;

    private ConfusionMatrix(int[,] counts) => _counts = counts;

    /// <summary>The number of classes C.</summary>
    public int ClassCount => _counts.GetLength(0);

    /// <summary>The number of samples of one class that were taken for another, or for itself.</summary>
    /// <param name="label">The true class, in [0, C).</param>
    /// <param name="decision">The class decided on, in [0, C).</param>
    public int this[int label, int decision] => _counts[label, decision];

    /// <summary>The samples on the diagonal, of all.</summary>
    public Proportion Accuracy => new(Enumerable.Range(0, ClassCount).Sum(c => _counts[c, c]), _counts.Cast<int>().Sum());

    /// <summary>The right decisions of the samples of each class (its recall), shape [C]; of no samples where it has none.</summary>
    public ImmutableArray<Proportion> ClassAccuracies =>
        [.. Enumerable.Range(0, ClassCount)
            .Select(c => new Proportion(_counts[c, c], Enumerable.Range(0, ClassCount).Sum(decision => _counts[c, decision])))];

    /// <summary>Counts decisions.</summary>
    /// <param name="labels">True classes, shape [N], each in [0, C).</param>
    /// <param name="decisions">Classes decided on, shape [N], each in [0, C).</param>
    /// <param name="classCount">C.</param>
    internal static ConfusionMatrix Count(ReadOnlySpan<int> labels, ReadOnlySpan<int> decisions, int classCount)
    {
        var counts = new int[classCount, classCount];
        for (var i = 0; i < labels.Length; i++)
        {
            counts[labels[i], decisions[i]]++;
        }

        return new(counts);
    }
}

using System.Collections.Immutable;
using MarginNet.Margins;

namespace MarginNet.Audit;

/// <summary>
/// Confident learning (Northcutt, Jiang and Chuang, 2021): the joint distribution of given and true labels, from which samples are
/// confidently another class, and the labels that it takes for wrong. Here as what margins are compared with.
/// </summary>
/// <param name="Thresholds">t_j, the mean probability of class j among the samples labelled j, shape [C];
/// NaN of a class without samples.</param>
/// <param name="Joint">Q, estimated counts of samples labelled i whose class is j, shape [C, C];
/// row i sums to the samples labelled i.</param>
/// <param name="IsWrong">The labels taken for wrong, shape [N].</param>
public sealed record ConfidentLearning(ImmutableArray<double> Thresholds, double[,] Joint, ImmutableArray<bool> IsWrong)
{
    /// <summary>The number of labels taken for wrong.</summary>
    public int WrongCount => IsWrong.Count(wrong => wrong);

    /// <summary>
    /// Counts in the confident joint a sample labelled i under the class j of largest probability among those with p[j] ≥ t_j, makes its
    /// rows sum to the counts of the labels, and prunes by noise rate: of the samples labelled i, for each j ≠ i, the round(Q_ij) of
    /// largest p[j] − p[i].
    /// </summary>
    /// <param name="probabilities">Probabilities p, best by networks that were not trained on the sample, shape [N, C].</param>
    /// <param name="labels">Given labels, shape [N], each in [0, C).</param>
    /// <exception cref="ArgumentException">There is not one label for each sample, or a label is no class.</exception>
    public static ConfidentLearning Compute(ScoreMatrix probabilities, ReadOnlySpan<int> labels)
    {
        var own = LabelStatistics.SelfConfidence(probabilities, labels);
        var classes = probabilities.ClassCount;
        var (sums, counts) = (new double[classes], new int[classes]);
        for (var i = 0; i < own.Length; i++)
        {
            sums[labels[i]] += own[i];
            counts[labels[i]]++;
        }

        double[] thresholds = [.. sums.Zip(counts, (sum, count) => sum / count)];
        var joint = CountJoint(probabilities, labels, thresholds, counts);
        return new([.. thresholds], joint, [.. Prune(probabilities, labels, joint)]);
    }

    private static double[,] CountJoint(ScoreMatrix probabilities, ReadOnlySpan<int> labels, double[] thresholds, int[] counts)
    {
        var classes = thresholds.Length;
        var joint = new double[classes, classes];
        for (var i = 0; i < labels.Length; i++)
        {
            var best = -1;
            for (var j = 0; j < classes; j++)
            {
                if (probabilities[i][j] >= thresholds[j] && (best < 0 || probabilities[i][j] > probabilities[i][best]))
                {
                    best = j;
                }
            }

            if (best >= 0)
            {
                joint[labels[i], best]++;
            }
        }

        for (var i = 0; i < classes; i++)
        {
            var row = Enumerable.Range(0, classes).Sum(j => joint[i, j]);
            for (var j = 0; j < classes; j++)
            {
                joint[i, j] = row > 0 ? joint[i, j] * counts[i] / row : i == j ? counts[i] : 0;
            }
        }

        return joint;
    }

    private static bool[] Prune(ScoreMatrix probabilities, ReadOnlySpan<int> labels, double[,] joint)
    {
        var pruned = new bool[labels.Length];
        var members = new List<int>[joint.GetLength(0)];
        for (var c = 0; c < members.Length; c++)
        {
            members[c] = [];
        }

        for (var i = 0; i < labels.Length; i++)
        {
            members[labels[i]].Add(i);
        }

        for (var i = 0; i < members.Length; i++)
        {
            for (var j = 0; j < members.Length; j++)
            {
                if (i != j && Math.Round(joint[i, j]) is > 0 and var count)
                {
                    foreach (var index in members[i].OrderByDescending(s => probabilities[s][j] - probabilities[s][i]).Take((int)count))
                    {
                        pruned[index] = true;
                    }
                }
            }
        }

        return pruned;
    }
}

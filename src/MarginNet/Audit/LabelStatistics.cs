using System.Numerics.Tensors;
using MarginNet.Margins;
using MarginNet.PValues;

namespace MarginNet.Audit;

/// <summary>Statistics of labels, of which the smaller value is the more suspicious. Pure functions of arrays.</summary>
public static class LabelStatistics
{
    /// <summary>Computes softmax(f), each row divided by its sum.</summary>
    /// <param name="scores">Class scores f in logits, shape [N, C].</param>
    /// <param name="temperature">T of softmax(f/T), above 0. Default 1.</param>
    /// <returns>Probabilities, shape [N, C].</returns>
    public static ScoreMatrix Probabilities(ScoreMatrix scores, double temperature = 1)
    {
        var classes = scores.ClassCount;
        var probabilities = new float[scores.Count * classes];
        for (var i = 0; i < scores.Count; i++)
        {
            var (largest, sum) = (float.NegativeInfinity, 0.0);
            foreach (var score in scores[i])
            {
                largest = Math.Max(largest, score);
            }

            foreach (var score in scores[i])
            {
                sum += Math.Exp((score - largest) / temperature);
            }

            for (var c = 0; c < classes; c++)
            {
                probabilities[(i * classes) + c] = (float)(Math.Exp((scores[i][c] - largest) / temperature) / sum);
            }
        }

        return new(probabilities, classes);
    }

    /// <summary>Reads off the probability of each label, p[c].</summary>
    /// <param name="probabilities">Probabilities p, shape [N, C].</param>
    /// <param name="labels">Given labels c, shape [N], each in [0, C).</param>
    /// <returns>Shape [N], in [0, 1].</returns>
    /// <exception cref="ArgumentException">There is not one label for each sample.</exception>
    public static double[] SelfConfidence(ScoreMatrix probabilities, ReadOnlySpan<int> labels)
    {
        _ = probabilities.LabelledMargins(labels); // which checks the labels
        var own = new double[labels.Length];
        for (var i = 0; i < own.Length; i++)
        {
            own[i] = probabilities[i][labels[i]];
        }

        return own;
    }

    /// <summary>Computes p[c] − max over j ≠ c of p[j].</summary>
    /// <inheritdoc cref="SelfConfidence"/>
    /// <returns>Shape [N], in [−1, 1].</returns>
    public static double[] NormalizedMargin(ScoreMatrix probabilities, ReadOnlySpan<int> labels) => probabilities.LabelledMargins(labels);

    /// <summary>
    /// Computes the lower tail of each labelled margin under the null model of its class, the mixture of the log-margins of those samples
    /// of the class that are decided rightly. A margin of at most 0 has the p-value 0; the margin itself is returned for it, so that
    /// those are in order, too.
    /// </summary>
    /// <param name="margins">Labelled margins, shape [N], finite.</param>
    /// <param name="labels">Given labels, shape [N], each in [0, C).</param>
    /// <param name="classCount">C.</param>
    /// <returns>Shape [N]: p-values in (0, 1], and margins of at most 0.</returns>
    /// <exception cref="ArgumentException">There is not one label for each margin, or a label is no class.</exception>
    /// <exception cref="InvalidDataException">No margin is above 0.</exception>
    public static double[] PValue(ReadOnlySpan<double> margins, ReadOnlySpan<int> labels, int classCount)
    {
        var decided = labels.ToArray();
        var sizes = new double[margins.Length];
        for (var i = 0; i < sizes.Length; i++)
        {
            sizes[i] = Math.Abs(margins[i]);
            if (margins[i] <= 0)
            {
                decided[i] = decided[i] == 0 ? 1 : 0; // which keeps it out of the null model of its class
            }
        }

        var model = MarginNullModel.Fit(sizes, decided, labels, classCount);
        var values = new double[margins.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = margins[i] > 0 ? model.Score(margins[i], labels[i]).Extrapolated : margins[i];
        }

        return values;
    }

    /// <summary>
    /// Computes the labelled margin of the sum of two networks' scores, each over its standard deviation within samples, those of the
    /// second twice: it was not taught the labels that the first one doubts.
    /// </summary>
    /// <param name="scores">Class scores of the first network, shape [N, C].</param>
    /// <param name="second">Those by the network of a <see cref="SecondPass"/>, of the same shape.</param>
    /// <param name="labels">Given labels, shape [N], each in [0, C).</param>
    /// <returns>Shape [N], in deviations.</returns>
    /// <exception cref="ArgumentException">Shapes disagree, or a label is no class.</exception>
    public static double[] TwoPassMargin(ScoreMatrix scores, ScoreMatrix second, ReadOnlySpan<int> labels)
    {
        if ((scores.Count, scores.ClassCount) != (second.Count, second.ClassCount))
        {
            throw new ArgumentException(
                $"Expected scores of shape [{scores.Count}, {scores.ClassCount}], but got [{second.Count}, {second.ClassCount}].",
                nameof(second));
        }

        var (first, twice) = (1 / Deviation(scores), 2 / Deviation(second));
        var sum = new float[scores.Count * scores.ClassCount];
        for (var i = 0; i < scores.Count; i++)
        {
            for (var c = 0; c < scores.ClassCount; c++)
            {
                sum[(i * scores.ClassCount) + c] = (float)((first * scores[i][c]) + (twice * second[i][c]));
            }
        }

        return new ScoreMatrix(sum, scores.ClassCount).LabelledMargins(labels);
    }

    /// <summary>The class of the largest score of each sample, which a wrong label suggests instead.</summary>
    /// <param name="scores">Class scores, best averaged over the epochs of training, shape [N, C].</param>
    /// <returns>Shape [N].</returns>
    public static int[] Suggest(ScoreMatrix scores) => scores.Decisions().Classes;

    /// <summary>The root mean square of scores less each sample's mean; 1 where that is 0.</summary>
    private static double Deviation(ScoreMatrix scores)
    {
        var squares = 0.0;
        for (var i = 0; i < scores.Count; i++)
        {
            var mean = TensorPrimitives.Sum(scores[i]) / scores.ClassCount;
            foreach (var score in scores[i])
            {
                squares += (score - mean) * (score - mean);
            }
        }

        return squares > 0 ? Math.Sqrt(squares / ((double)scores.Count * scores.ClassCount)) : 1;
    }
}

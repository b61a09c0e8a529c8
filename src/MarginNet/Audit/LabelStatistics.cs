using MarginNet.Margins;
using MarginNet.PValues;
using MathNet.Numerics.Statistics;

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

    /// <summary>Adds two statistics, each over its standard deviation where that is above 0.</summary>
    internal static double[] SumOfScaled(double[] first, double[] second)
    {
        static double Deviation(double[] values) => ArrayStatistics.PopulationStandardDeviation(values) is > 0 and var deviation ? deviation : 1;
        var (a, b) = (Deviation(first), Deviation(second));
        return [.. first.Zip(second, (x, y) => (x / a) + (y / b))];
    }

    /// <summary>The class of the largest score of each sample, which a wrong label suggests instead.</summary>
    /// <param name="scores">Class scores, best averaged over the epochs of training, shape [N, C].</param>
    /// <returns>Shape [N].</returns>
    public static int[] Suggest(ScoreMatrix scores) => scores.Decisions().Classes;
}

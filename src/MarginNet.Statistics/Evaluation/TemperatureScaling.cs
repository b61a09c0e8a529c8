using System.Numerics.Tensors;
using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Evaluation;

/// <summary>
/// Temperature scaling (Guo et al., 2017): one number T for which softmax(f/T) is an honest probability, as far as one number goes.
/// It changes no decision, no margin's rank and no p-value.
/// </summary>
public static class TemperatureScaling
{
    private const double Smallest = 1e-4; // the range searched, ten thousandfold either way
    private const double Largest = 1e4;
    private const double Precision = 1e-8; // of log T

    /// <summary>Finds the T of least mean negative log-likelihood −log softmax(f/T)_c, by the golden section:
    /// it is convex in 1/T.</summary>
    /// <param name="scores">The scores f of N ≥ 1 samples, shape [N, C], best of samples kept out of training.</param>
    /// <param name="labels">True classes c, shape [N], each in [0, C).</param>
    /// <returns>T, in [1e-4, 1e4]; at an end of it where the likelihood rises beyond.</returns>
    /// <exception cref="ArgumentException">There is no sample, or not one label for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static double Fit(ScoreMatrix scores, ReadOnlySpan<int> labels)
    {
        ArgumentOutOfRangeException.ThrowIfZero(scores.Count, nameof(scores));
        _ = scores.LabelledMargins(labels); // which checks the labels
        var classes = scores.ClassCount;
        var gaps = new double[scores.Count * classes]; // f_j − f_c
        for (var i = 0; i < scores.Count; i++)
        {
            var own = gaps.AsSpan(i * classes, classes);
            TensorPrimitives.ConvertTruncating<float, double>(scores[i], own);
            TensorPrimitives.Subtract(own, own[labels[i]], own);
        }

        return Fit(gaps, classes);
    }

    /// <summary>Finds the same T by scores in double precision, without LibTorch.</summary>
    /// <param name="logits">The scores f of N ≥ 1 samples, shape [N, C] with C ≥ 2, finite.</param>
    /// <param name="labels">True classes c, shape [N], each in [0, C).</param>
    /// <returns>T, in [1e-4, 1e4].</returns>
    /// <exception cref="ArgumentException">There is no sample, or not one label for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is no class.</exception>
    public static double Fit(NumericArray logits, ReadOnlySpan<int> labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentOutOfRangeException.ThrowIfZero(logits.Rows, nameof(logits));
        if (labels.Length != logits.Rows)
            throw new ArgumentException($"Expected {logits.Rows} labels, one for each sample, but got {labels.Length}.", nameof(labels));

        var gaps = new double[logits.Values.Length]; // f_j − f_c
        for (var i = 0; i < labels.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(labels[i], nameof(labels));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(labels[i], logits.Columns, nameof(labels));
            TensorPrimitives.Subtract(logits.Row(i), logits.Row(i)[labels[i]], gaps.AsSpan(i * logits.Columns, logits.Columns));
        }

        return Fit(gaps, logits.Columns);
    }

    private static double Fit(double[] gaps, int classes)
    {
        var (low, high) = (Math.Log(Smallest), Math.Log(Largest));
        var section = (Math.Sqrt(5) - 1) / 2;
        var (left, right) = (high - (section * (high - low)), low + (section * (high - low)));
        var (atLeft, atRight) = (Loss(gaps, classes, Math.Exp(-left)), Loss(gaps, classes, Math.Exp(-right)));
        while (high - low > Precision)
        {
            if (atLeft <= atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - (section * (high - low));
                atLeft = Loss(gaps, classes, Math.Exp(-left));
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + (section * (high - low));
                atRight = Loss(gaps, classes, Math.Exp(-right));
            }
        }

        return Math.Exp((low + high) / 2);
    }

    /// <summary>Computes Σᵢ log Σⱼ exp(b(f_j − f_c)).</summary>
    private static double Loss(ReadOnlySpan<double> gaps, int classes, double inverse)
    {
        var sum = 0.0;
        for (var start = 0; start < gaps.Length; start += classes)
        {
            var own = gaps.Slice(start, classes);
            var largest = TensorPrimitives.Max(own);
            var terms = 0.0;
            foreach (var gap in own)
                terms += Math.Exp(inverse * (gap - largest));

            sum += (inverse * largest) + Math.Log(terms);
        }

        return sum;
    }
}

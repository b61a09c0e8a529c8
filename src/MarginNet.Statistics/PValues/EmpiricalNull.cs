namespace MarginNet.PValues;

/// <summary>
/// The null distribution of any confidence score, larger for typical samples: its values on right decisions that were not trained on.
/// A p-value by rank makes a threshold mean the same for every score, network and class.
/// </summary>
public sealed class EmpiricalNull
{
    private readonly double[][] _classes; // in increasing order
    private readonly double[] _pooled;

    internal EmpiricalNull(double[][] classes) => (_classes, _pooled) = (classes, [.. classes.SelectMany(own => own).Order()]);

    /// <summary>The number of classes C.</summary>
    public int ClassCount => _classes.Length;

    /// <summary>The scores of each class, in increasing order.</summary>
    internal IReadOnlyList<double[]> Classes => _classes;

    /// <summary>Takes the scores of right decisions.</summary>
    /// <param name="scores">The scores, shape [N]; infinities are allowed.</param>
    /// <param name="predicted">The decided classes, shape [N], each in [0, C).</param>
    /// <param name="classCount">The number of classes C, at least 1.</param>
    /// <returns>The null distribution.</returns>
    /// <exception cref="ArgumentException">The lengths differ, a score is NaN, or a class is out of range; the message names
    /// its index.</exception>
    public static EmpiricalNull Fit(ReadOnlySpan<double> scores, ReadOnlySpan<int> predicted, int classCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        if (predicted.Length != scores.Length)
            throw new ArgumentException(
                $"Expected as many classes as scores ({scores.Length}), but got {predicted.Length}.", nameof(predicted));

        var classes = Enumerable.Range(0, classCount).Select(_ => new List<double>()).ToArray();
        for (var i = 0; i < scores.Length; i++)
        {
            if (double.IsNaN(scores[i]))
                throw new ArgumentException($"Expected numbers, but the score at index {i} is NaN.", nameof(scores));
            if ((uint)predicted[i] >= (uint)classCount)
                throw new ArgumentException(
                    $"Expected classes in [0, {classCount}), but the one at index {i} is {predicted[i]}.", nameof(predicted));

            classes[predicted[i]].Add(scores[i]);
        }

        return new EmpiricalNull([.. classes.Select(own => own.Order().ToArray())]);
    }

    /// <summary>
    /// Computes p = (1 + k)/(n + 1), with k of the n calibration scores at or below this one: of fresh right decisions at most
    /// a share α has
    /// p ≤ α.
    /// </summary>
    /// <param name="score">The score, not NaN.</param>
    /// <param name="predictedClass">The decided class, in [0, C).</param>
    /// <param name="kind">Which samples the score is compared with. Default <see cref="NullKind.Class"/>;
    /// <see cref="NullKind.Pooled"/> orders samples as the score does.</param>
    /// <returns>A p-value in [1/(n + 1), 1]; 1 where nothing was calibrated on.</returns>
    /// <exception cref="ArgumentException">The score is NaN, there is no such class, or the kind is neither of the two.</exception>
    public double PValue(double score, int predictedClass, NullKind kind = NullKind.Class)
    {
        if (double.IsNaN(score))
            throw new ArgumentException("Expected a number, but the score is NaN.", nameof(score));
        if ((uint)predictedClass >= (uint)_classes.Length)
            throw new ArgumentOutOfRangeException(nameof(predictedClass), predictedClass, $"Expected a class in [0, {_classes.Length}).");

        var sorted = kind switch
        {
            NullKind.Class => _classes[predictedClass],
            NullKind.Pooled => _pooled,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected Class or Pooled."),
        };
        var (low, high) = (0, sorted.Length); // The number at or below the score is in [low, high].
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] <= score ? (middle + 1, high) : (low, middle);
        }

        return (1.0 + low) / (sorted.Length + 1);
    }
}

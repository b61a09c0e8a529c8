namespace MarginNet.PValues;

/// <summary>
/// The null distribution of any confidence score, larger for typical samples: its values on right decisions that were not trained on.
/// A p-value by rank makes a threshold mean the same for every score, network and class.
/// </summary>
public sealed class EmpiricalNull
{
    private readonly WeightedSample[] _classes;
    private readonly WeightedSample _pooled;

    internal EmpiricalNull(WeightedSample[] classes) => (_classes, _pooled) = (classes, WeightedSample.Pool(classes));

    /// <summary>The number of classes C.</summary>
    public int ClassCount => _classes.Length;

    /// <summary>Whether the calibration samples have weights, as those that are compared then need.</summary>
    public bool IsWeighted => _pooled.Weights is not null;

    /// <summary>The scores of each class.</summary>
    internal IReadOnlyList<WeightedSample> Classes => _classes;

    /// <summary>Takes the scores of right decisions.</summary>
    /// <param name="scores">The scores, shape [N]; infinities are allowed.</param>
    /// <param name="predicted">The decided classes, shape [N], each in [0, C).</param>
    /// <param name="classCount">The number of classes C, at least 1.</param>
    /// <param name="weights">How many times as likely each sample is where p-values are used, up to a common factor (covariate shift,
    /// Tibshirani et al. 2019), shape [N], finite and at least 0. Default empty: all alike.</param>
    /// <returns>The null distribution.</returns>
    /// <exception cref="ArgumentException">The lengths differ, a score is NaN, or a class is out of range; the message names
    /// its index.</exception>
    public static EmpiricalNull Fit(
        ReadOnlySpan<double> scores, ReadOnlySpan<int> predicted, int classCount,
        ReadOnlySpan<double> weights = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        if (predicted.Length != scores.Length)
            throw new ArgumentException(
                $"Expected as many classes as scores ({scores.Length}), but got {predicted.Length}.", nameof(predicted));

        WeightedSample.ThrowIfInvalid(weights, scores.Length, nameof(weights));
        var classes = Enumerable.Range(0, classCount).Select(_ => (Scores: new List<double>(), Weights: new List<double>())).ToArray();
        for (var i = 0; i < scores.Length; i++)
        {
            if (double.IsNaN(scores[i]))
                throw new ArgumentException($"Expected numbers, but the score at index {i} is NaN.", nameof(scores));
            if ((uint)predicted[i] >= (uint)classCount)
                throw new ArgumentException(
                    $"Expected classes in [0, {classCount}), but the one at index {i} is {predicted[i]}.", nameof(predicted));

            classes[predicted[i]].Scores.Add(scores[i]);
            if (!weights.IsEmpty)
                classes[predicted[i]].Weights.Add(weights[i]);
        }

        var isWeighted = !weights.IsEmpty;
        return new EmpiricalNull([.. classes.Select(own => new WeightedSample([.. own.Scores], isWeighted ? [.. own.Weights] : null))]);
    }

    /// <summary>
    /// Computes p = (1 + k)/(n + 1), with k of the n calibration scores at or below this one: of fresh right decisions at most
    /// a share α has
    /// p ≤ α. Of weighted samples it is p = (w + W)/(w + Σ wᵢ), W the weight of those at or below, w the sample's own.
    /// </summary>
    /// <param name="score">The score, not NaN.</param>
    /// <param name="predictedClass">The decided class, in [0, C).</param>
    /// <param name="kind">Which samples the score is compared with. Default <see cref="NullKind.Class"/>;
    /// <see cref="NullKind.Pooled"/> orders samples as the score does.</param>
    /// <param name="weight">The sample's own weight, finite and at least 0, where the calibration samples have some. Default 1.</param>
    /// <returns>A p-value in [1/(n + 1), 1], or [w/(w + Σ wᵢ), 1]; 1 where nothing was calibrated on.</returns>
    /// <exception cref="ArgumentException">The score is NaN, there is no such class, or the kind is neither of the two.</exception>
    public double PValue(double score, int predictedClass, NullKind kind = NullKind.Class, double weight = 1)
    {
        if (double.IsNaN(score))
            throw new ArgumentException("Expected a number, but the score is NaN.", nameof(score));
        if ((uint)predictedClass >= (uint)_classes.Length)
            throw new ArgumentOutOfRangeException(nameof(predictedClass), predictedClass, $"Expected a class in [0, {_classes.Length}).");

        WeightedSample.ThrowIfInvalid(weight, nameof(weight));
        var typical = kind switch
        {
            NullKind.Class => _classes[predictedClass],
            NullKind.Pooled => _pooled,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected Class or Pooled."),
        };
        var mass = typical.Mass + weight;
        return mass == 0 ? 1 : (weight + typical.MassUpTo(score)) / mass;
    }
}

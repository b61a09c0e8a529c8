using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>
/// fDBD (Liu and Qin 2024): how far a sample's features z are from the decision boundaries of the last layer, relative to how far they
/// are from the mean
/// of the training features,
/// the mean over j ≠ c of |f_c − f_j| / ‖w_c − w_j‖₂, divided by ‖z − z̄‖₂, with c the decided class.
/// </summary>
public sealed class FastDecisionBoundary
{
    private readonly double[] _mean;
    private readonly double[] _distances; // ‖w_i − w_j‖₂, shape [C, C]

    private FastDecisionBoundary(double[] mean, double[] distances, int classCount) =>
        (_mean, _distances, ClassCount) = (mean, distances, classCount);

    /// <summary>The number of classes C.</summary>
    public int ClassCount { get; }

    /// <summary>The number of features D.</summary>
    public int Dimension => _mean.Length;

    /// <summary>Fits the score.</summary>
    /// <param name="weights">The weights w of the last linear layer, shape [C, D] with C ≥ 2, finite.</param>
    /// <param name="features">Features z of training samples, shape [N, D] with N ≥ 1, finite.</param>
    /// <returns>The fitted score.</returns>
    /// <exception cref="ArgumentException">There are fewer than two classes, a number is not finite, or the weights are of other
    /// features.</exception>
    public static FastDecisionBoundary Fit(NumericArray weights, NumericArray features)
    {
        FeatureArrays.ThrowIfInvalid(weights, nameof(weights));
        FeatureArrays.ThrowIfInvalid(features, nameof(features));
        ArgumentOutOfRangeException.ThrowIfLessThan(weights.Rows, 2, nameof(weights));
        if (weights.Columns != features.Columns)
            throw new ArgumentException(
                $"Expected weights of {features.Columns} features, but got {ArrayFile.Describe(weights)}.", nameof(weights));

        var (classes, distances) = (weights.Rows, new double[weights.Rows * weights.Rows]);
        for (var i = 0; i < classes; i++)
            for (var j = 0; j < i; j++)
                distances[(i * classes) + j] = distances[(j * classes) + i] = TensorPrimitives.Distance(weights.Row(i), weights.Row(j));

        return new FastDecisionBoundary(FeatureArrays.Mean(features), distances, classes);
    }

    /// <summary>Computes the score, larger for typical samples.</summary>
    /// <param name="features">Features z of one sample, shape [D].</param>
    /// <param name="logits">Its class scores f by the same last layer, shape [C].</param>
    /// <returns>A number of at least 0; classes with the decided one's weights have no boundary with it and do not count, and at the very
    /// mean it is +∞.</returns>
    /// <exception cref="ArgumentException">There are not D features or C logits.</exception>
    public double Score(ReadOnlySpan<double> features, ReadOnlySpan<double> logits)
    {
        FeatureArrays.ThrowIfOtherDimension(features, Dimension);
        if (logits.Length != ClassCount)
            throw new ArgumentException($"Expected the logits of {ClassCount} classes, but got {logits.Length}.", nameof(logits));

        var decided = TensorPrimitives.IndexOfMax(logits);
        var distances = _distances.AsSpan(decided * ClassCount, ClassCount);
        var (sum, count) = (0.0, 0);
        for (var j = 0; j < logits.Length; j++)
        {
            if (distances[j] == 0)
                continue;

            sum += (logits[decided] - logits[j]) / distances[j];
            count++;
        }

        var spread = TensorPrimitives.Distance(features, _mean);
        return spread == 0 ? double.PositiveInfinity : sum / Math.Max(1, count) / spread;
    }
}

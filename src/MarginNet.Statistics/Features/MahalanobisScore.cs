using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>
/// Minus the least squared Mahalanobis distance of a sample's features z to the mean of a class,
/// −min over c of (z − μ_c)ᵀ Σ⁻¹ (z − μ_c), with one covariance Σ about the class means (Lee et al. 2018).
/// </summary>
public sealed class MahalanobisScore
{
    private const double Rounding = 1e-24; // of a mean of numbers near it, squared

    private readonly double[][] _means; // of the classes that have samples
    private readonly CovarianceFactor _covariance;

    private MahalanobisScore(double[][] means, CovarianceFactor covariance) => (_means, _covariance) = (means, covariance);

    /// <summary>The most features that are taken, 2,048: the covariance has D² numbers.</summary>
    public const int LargestDimension = 2048;

    /// <summary>The number of features D.</summary>
    public int Dimension => _means[0].Length;

    /// <summary>The rank of Σ: features that others determine in all training samples, or that do not vary about the class means, do
    /// not count.</summary>
    public int Rank => _covariance.Rank;

    /// <summary>Fits μ_c, the mean of each class, and Σ = (1/N) Σᵢ (zᵢ − μ_cᵢ)(zᵢ − μ_cᵢ)ᵀ.</summary>
    /// <param name="features">Features z of training samples, shape [N, D] with D ≤ 2,048, finite.</param>
    /// <param name="labels">Their true classes, shape [N], each in [0, C); a class may have none.</param>
    /// <param name="classCount">The number of classes C, at least 1.</param>
    /// <returns>The fitted score.</returns>
    /// <exception cref="ArgumentException">A number is not finite or out of range, there is not one label for each sample, or there are too
    /// many features.</exception>
    public static MahalanobisScore Fit(NumericArray features, ReadOnlySpan<int> labels, int classCount)
    {
        FeatureArrays.ThrowIfInvalid(features, nameof(features));
        FeatureArrays.ThrowIfOtherLabels(features, labels, classCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(features.Columns, LargestDimension, nameof(features));
        var dimension = features.Columns;
        var (means, counts) = (new double[classCount][], new int[classCount]);
        for (var i = 0; i < labels.Length; i++)
        {
            var mean = means[labels[i]] ??= new double[dimension];
            TensorPrimitives.Add(mean, features.Row(i), mean);
            counts[labels[i]]++;
        }

        for (var c = 0; c < classCount; c++)
            if (counts[c] > 0)
                TensorPrimitives.Divide(means[c], (double)counts[c], means[c]);

        var (covariance, buffer) = (new double[dimension * dimension], new double[dimension]);
        for (var i = 0; i < labels.Length; i++)
            FeatureArrays.AddOuterProduct(covariance, features.Row(i), means[labels[i]], 1.0 / labels.Length, buffer);

        for (var j = 0; j < dimension; j++)
            if (covariance[(j * dimension) + j] <= Rounding * MeanSquare(features, j))
                covariance[(j * dimension) + j] = 0; // Of equal numbers whose mean is rounded.

        return new MahalanobisScore([.. means.Where(mean => mean is not null)], CovarianceFactor.Of(covariance, dimension));
    }

    /// <summary>Computes the score, larger for typical samples.</summary>
    /// <param name="features">Features z of one sample, shape [D], finite.</param>
    /// <returns>A number of at most 0.</returns>
    /// <exception cref="ArgumentException">There are not D features.</exception>
    public double Score(ReadOnlySpan<double> features)
    {
        FeatureArrays.ThrowIfOtherDimension(features, Dimension);
        var (least, buffer) = (double.PositiveInfinity, new double[Rank]);
        foreach (var mean in _means)
            least = Math.Min(least, _covariance.SquaredDistance(features, mean, buffer));

        return -least;
    }

    private static double MeanSquare(NumericArray features, int feature)
    {
        var sum = 0.0;
        for (var i = 0; i < features.Rows; i++)
            sum += features.Row(i)[feature] * features.Row(i)[feature];

        return sum / features.Rows;
    }
}

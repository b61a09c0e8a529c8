using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>KNN (Sun et al. 2022): minus the distance of a sample's features, divided by their norm, to the k-th nearest of the training
/// samples'.</summary>
public sealed class NearestNeighbors
{
    private readonly double[] _units; // Shape [N, D].

    private NearestNeighbors(double[] units, int dimension, int k) => (_units, Dimension, K) = (units, dimension, k);

    /// <summary>Which neighbour counts.</summary>
    public int K { get; }

    /// <summary>The number of features D.</summary>
    public int Dimension { get; }

    /// <summary>Keeps the training samples.</summary>
    /// <param name="features">Their features, shape [N, D], finite; those of norm 0 stay 0.</param>
    /// <param name="k">Which neighbour counts, in [1, N]. Default 50, the authors' for CIFAR-10.</param>
    /// <returns>The fitted score.</returns>
    /// <exception cref="ArgumentException">A feature is not finite, or k is out of range.</exception>
    public static NearestNeighbors Fit(NumericArray features, int k = 50)
    {
        FeatureArrays.ThrowIfInvalid(features, nameof(features));
        if (k < 1 || k > features.Rows)
            throw new ArgumentOutOfRangeException(nameof(k), k, $"Expected a neighbour in [1, {features.Rows}], the training samples.");

        var units = features.Values.ToArray();
        for (var i = 0; i < features.Rows; i++)
            Normalize(units.AsSpan(i * features.Columns, features.Columns));

        return new NearestNeighbors(units, features.Columns, k);
    }

    /// <summary>Computes the score of one sample, larger for typical ones, in N D multiplications.</summary>
    /// <param name="features">Its features, shape [D], finite.</param>
    /// <returns>A number in [−2, 0].</returns>
    /// <exception cref="ArgumentException">There are not D features.</exception>
    public double Score(ReadOnlySpan<double> features)
    {
        FeatureArrays.ThrowIfOtherDimension(features, Dimension);
        var unit = features.ToArray();
        Normalize(unit);
        var nearest = new PriorityQueue<double, double>(K); // The k least distances, the largest of them first.
        for (var start = 0; start < _units.Length; start += Dimension)
        {
            var distance = TensorPrimitives.Distance(unit, _units.AsSpan(start, Dimension));
            if (nearest.Count < K)
                nearest.Enqueue(distance, -distance);
            else if (distance < nearest.Peek())
                nearest.DequeueEnqueue(distance, -distance);
        }

        return -nearest.Peek();
    }

    /// <summary>Computes the scores of many samples on all cores.</summary>
    /// <param name="features">Their features, shape [M, D], finite.</param>
    /// <param name="cancellation">Stops between samples.</param>
    /// <returns>The scores, shape [M].</returns>
    /// <exception cref="ArgumentException">There are not D features.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public double[] Score(NumericArray features, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(features);
        if (features.Columns != Dimension)
            throw new ArgumentException($"Expected {Dimension} features, but got {features.Columns}.", nameof(features));

        var scores = new double[features.Rows];
        Parallel.For(0, scores.Length, new() { CancellationToken = cancellation }, i => scores[i] = Score(features.Row(i)));
        return scores;
    }

    private static void Normalize(Span<double> features)
    {
        // By the largest number first: squares of large or small ones leave the range of doubles.
        var largest = Math.Abs(TensorPrimitives.MaxMagnitude<double>(features));
        if (largest == 0)
            return;

        TensorPrimitives.Divide(features, largest, features);
        TensorPrimitives.Divide(features, TensorPrimitives.Norm<double>(features), features);
    }
}

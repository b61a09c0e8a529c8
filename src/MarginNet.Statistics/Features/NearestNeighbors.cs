using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>KNN (Sun et al. 2022): minus the distance of a sample's features, divided by their norm, to the k-th nearest of the training
/// samples'.</summary>
public sealed class NearestNeighbors
{
    private const int Block = 16; // Samples that share a pass: memory gives training samples more slowly than they are compared.

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
        return Score([features.ToArray()])[0];
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
        Parallel.For(0, (scores.Length + Block - 1) / Block, new() { CancellationToken = cancellation }, block =>
        {
            var (start, end) = (block * Block, Math.Min((block + 1) * Block, scores.Length));
            Score([.. Enumerable.Range(start, end - start).Select(i => features.Row(i).ToArray())]).CopyTo(scores, start);
        });
        return scores;
    }

    /// <summary>Scores some samples in one pass over the training samples.</summary>
    /// <param name="samples">Their features, which are normalised in place.</param>
    private double[] Score(double[][] samples)
    {
        Array.ForEach(samples, sample => Normalize(sample));
        var nearest = Array.ConvertAll(samples, _ => new PriorityQueue<double, double>(K)); // The k least distances, the largest first.
        for (var start = 0; start < _units.Length; start += Dimension)
        {
            var unit = _units.AsSpan(start, Dimension);
            for (var i = 0; i < samples.Length; i++)
            {
                var distance = TensorPrimitives.Distance(samples[i], unit);
                if (nearest[i].Count < K)
                    nearest[i].Enqueue(distance, -distance);
                else if (distance < nearest[i].Peek())
                    nearest[i].DequeueEnqueue(distance, -distance);
            }
        }

        return Array.ConvertAll(nearest, queue => -queue.Peek());
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

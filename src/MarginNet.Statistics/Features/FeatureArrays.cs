using System.Numerics.Tensors;
using MarginNet.Arrays;

namespace MarginNet.Features;

/// <summary>What is required of features.</summary>
internal static class FeatureArrays
{
    /// <summary>Requires at least one sample, and finite numbers.</summary>
    public static void ThrowIfInvalid(NumericArray features, string name)
    {
        ArgumentNullException.ThrowIfNull(features, name);
        if (features.Rows < 1 || features.Columns < 1)
            throw new ArgumentException($"Expected features [N, D] of at least one sample, but got {ArrayFile.Describe(features)}.", name);

        var values = features.Values.Span;
        for (var i = 0; i < values.Length; i++)
            if (!double.IsFinite(values[i]))
                throw new ArgumentException(
                    FormattableString.Invariant(
                        $"Expected finite features, but number {i % features.Columns} of sample {i / features.Columns} is {values[i]}."),
                    name);
    }

    /// <summary>Requires one class for each sample.</summary>
    public static void ThrowIfOtherLabels(NumericArray features, ReadOnlySpan<int> labels, int classCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 1);
        if (labels.Length != features.Rows)
            throw new ArgumentException($"Expected {features.Rows} labels, one for each sample, but got {labels.Length}.", nameof(labels));

        for (var i = 0; i < labels.Length; i++)
            if ((uint)labels[i] >= (uint)classCount)
                throw new ArgumentException(
                    $"Expected labels in [0, {classCount}), but the one at index {i} is {labels[i]}.", nameof(labels));
    }

    /// <summary>Requires as many numbers as were fitted.</summary>
    public static void ThrowIfOtherDimension(ReadOnlySpan<double> features, int dimension)
    {
        if (features.Length != dimension)
            throw new ArgumentException($"Expected {dimension} features, but got {features.Length}.", nameof(features));
    }

    /// <summary>The mean of samples, shape [D].</summary>
    public static double[] Mean(NumericArray features)
    {
        var mean = new double[features.Columns];
        for (var i = 0; i < features.Rows; i++)
            TensorPrimitives.Add(mean, features.Row(i), mean);

        TensorPrimitives.Divide(mean, (double)features.Rows, mean);
        return mean;
    }

    /// <summary>Adds w (x − m)(x − m)ᵀ to a matrix [D, D], on and below its diagonal.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="x">Shape [D].</param>
    /// <param name="mean">m, shape [D].</param>
    /// <param name="weight">w.</param>
    /// <param name="buffer">Room for D numbers.</param>
    public static void AddOuterProduct(
        Span<double> matrix, ReadOnlySpan<double> x, ReadOnlySpan<double> mean, double weight, Span<double> buffer)
    {
        TensorPrimitives.Subtract(x, mean, buffer);
        for (var i = 0; i < x.Length; i++)
        {
            var row = matrix.Slice(i * x.Length, i + 1);
            TensorPrimitives.MultiplyAdd(buffer[..(i + 1)], weight * buffer[i], row, row);
        }
    }
}

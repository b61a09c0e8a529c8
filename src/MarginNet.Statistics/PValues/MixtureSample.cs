using System.Numerics.Tensors;

namespace MarginNet.PValues;

/// <summary>
/// The data that EM runs on, in increasing order, with mean 0 and variance 1.
/// An entry stands for one value or, once compressed, for a cell of neighbouring values.
/// </summary>
internal sealed class MixtureSample
{
    private const int ChunkLength = 4096; // fixed, so that sums do not depend on the number of threads
    private const int WidestVector = 8;
    private static readonly double[] Ones = [.. Enumerable.Repeat(1.0, ChunkLength)];
    private static readonly double[] Zeros = new double[ChunkLength];

    // Padded to whole vectors with entries of weight 0. Plain data needs no weights and spreads of its own.
    private readonly double[] _values;
    private readonly double[]? _weights;
    private readonly double[]? _spreads;
    private readonly double[] _lastWeights;

    private MixtureSample(double[] values, double[]? weights, double[]? spreads, int length)
    {
        (_values, _weights, _spreads, Length) = (values, weights, spreads, length);
        _lastWeights = Pad(Ones.AsSpan(0, length - ((ChunkCount - 1) * ChunkLength)));
    }

    /// <summary>Number of entries.</summary>
    public int Length { get; }

    /// <summary>Number N of values that the entries stand for.</summary>
    public required int Count { get; init; }

    /// <summary>Number of different values; of a sample gathered by <see cref="EqualCells"/>, of cells that hold any.</summary>
    public required int DistinctCount { get; init; }

    /// <summary>Mean of the data as it came.</summary>
    public required double Center { get; init; }

    /// <summary>Standard deviation of the data as it came, or a millionth of its size where all values are equal.</summary>
    public required double Scale { get; init; }

    public int ChunkCount => (Length + ChunkLength - 1) / ChunkLength;

    public ReadOnlySpan<double> Values => _values.AsSpan(0, Length);

    /// <summary>Whether entries are cells.</summary>
    public bool IsCompressed => _weights is not null;

    /// <summary>Values in each cell; only of a compressed sample.</summary>
    public ReadOnlySpan<double> Weights => _weights.AsSpan(0, Length);

    /// <summary>Variance within each cell; only of a compressed sample.</summary>
    public ReadOnlySpan<double> Spreads => _spreads.AsSpan(0, Length);

    /// <summary>Takes every value for itself.</summary>
    /// <param name="data">At least one value, finite, in any order.</param>
    public static MixtureSample Create(ReadOnlySpan<double> data)
    {
        var padded = Pad(data);
        var values = padded.AsSpan(0, data.Length);
        values.Sort();
        var distinct = 1;
        for (var i = 1; i < values.Length; i++)
            distinct += values[i] > values[i - 1] ? 1 : 0;

        var size = Math.Max(Math.Abs(values[0]), Math.Abs(values[^1]));
        var center = distinct == 1 ? values[0] : TensorPrimitives.Sum(values) / values.Length;
        TensorPrimitives.Subtract(values, center, values);
        var scale = TensorPrimitives.Norm(values) / Math.Sqrt(values.Length);
        if (distinct == 1)
            scale = size > 0 ? 1e-6 * size : 1e-6;

        TensorPrimitives.Divide(values, scale, values);
        return new MixtureSample(padded, null, null, data.Length)
        {
            Count = data.Length,
            DistinctCount = distinct,
            Center = center,
            Scale = scale,
        };
    }

    /// <summary>Takes cells, their means in increasing order and each mean, weight and spread in the coordinates of the data as it came.</summary>
    public static MixtureSample Of(
        ReadOnlySpan<double> means, ReadOnlySpan<double> weights, ReadOnlySpan<double> spreads, int count)
    {
        var center = TensorPrimitives.Dot(means, weights) / count;
        var (values, variances) = (Pad(means), Pad(spreads));
        TensorPrimitives.Subtract(values.AsSpan(0, means.Length), center, values.AsSpan(0, means.Length));
        var variance = 0.0;
        for (var i = 0; i < means.Length; i++)
            variance += weights[i] * ((values[i] * values[i]) + variances[i]) / count;

        TensorPrimitives.Divide(values, Math.Sqrt(variance), values);
        TensorPrimitives.Divide(variances, variance, variances);
        return new MixtureSample(values, Pad(weights), variances, means.Length)
        {
            Count = count,
            DistinctCount = means.Length,
            Center = center,
            Scale = Math.Sqrt(variance),
        };
    }

    /// <summary>Gathers neighbouring entries in cells that hold at most N/<paramref name="cells"/> values, or one entry, and span at most
    /// range/<paramref name="cells"/>.</summary>
    public MixtureSample Compress(int cells)
    {
        var capacity = Math.Max(1, Count / cells);
        var width = (_values[Length - 1] - _values[0]) / cells;
        var length = 0;
        for (var start = 0; start < Length; start = CellEnd(start))
            length++;

        var (means, weights, spreads) = (new double[Padded(length)], new double[Padded(length)], new double[Padded(length)]);
        for (int start = 0, i = 0; i < length; i++)
        {
            var end = CellEnd(start);
            var (weight, sum, squares) = (0.0, 0.0, 0.0);
            for (var j = start; j < end; j++)
            {
                weight += Weight(j);
                sum += Weight(j) * _values[j];
                squares += Weight(j) * ((_values[j] * _values[j]) + (_spreads?[j] ?? 0));
            }

            weights[i] = weight;
            means[i] = sum / weight;
            spreads[i] = Math.Max(0, (squares / weight) - (means[i] * means[i]));
            start = end;
        }

        return new MixtureSample(means, weights, spreads, length)
        {
            Count = Count,
            DistinctCount = DistinctCount,
            Center = Center,
            Scale = Scale,
        };

        int CellEnd(int start)
        {
            var (end, held) = (start + 1, Weight(start));
            while (end < Length && (held += Weight(end)) <= capacity && _values[end] <= _values[start] + width)
                end++;

            return end;
        }

        double Weight(int i) => _weights?[i] ?? 1;
    }

    public void GetChunk(int chunk, out ReadOnlySpan<double> values, out ReadOnlySpan<double> weights, out ReadOnlySpan<double> spreads)
    {
        var start = chunk * ChunkLength;
        var length = Math.Min(ChunkLength, _values.Length - start);
        values = _values.AsSpan(start, length);
        weights = _weights is not null ? _weights.AsSpan(start, length) : chunk < ChunkCount - 1 ? Ones : _lastWeights;
        spreads = _spreads is not null ? _spreads.AsSpan(start, length) : Zeros.AsSpan(0, length);
    }

    private static double[] Pad(ReadOnlySpan<double> values)
    {
        var padded = new double[Padded(values.Length)];
        values.CopyTo(padded);
        return padded;
    }

    private static int Padded(int length) => (length + WidestVector - 1) / WidestVector * WidestVector;
}

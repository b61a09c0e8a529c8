namespace MarginNet.PValues;

/// <summary>A sorted sample that counts its values at or below a point in about constant time:
/// equally wide buckets lead to a short binary search.</summary>
internal sealed class SortedSample
{
    private const int BucketsPerValue = 4;

    private readonly double[] _values;
    private readonly int[] _bucketEnds;
    private readonly double _bucketsPerUnit;

    /// <param name="values">Finite values in increasing order, shape [N] with N ≥ 1; kept, not copied.</param>
    public SortedSample(double[] values)
    {
        _values = values;
        _bucketEnds = new int[BucketsPerValue * values.Length];
        var range = values[^1] - values[0];
        _bucketsPerUnit = range > 0 ? Math.Min((_bucketEnds.Length - 1) / range, double.MaxValue) : 0;

        for (var i = 0; i < values.Length; i++)
            _bucketEnds[Bucket(values[i])] = i + 1;

        for (var i = 1; i < _bucketEnds.Length; i++)
            _bucketEnds[i] = Math.Max(_bucketEnds[i], _bucketEnds[i - 1]);
    }

    public ReadOnlySpan<double> Values => _values;

    /// <summary>The number of values at or below <paramref name="x"/>.</summary>
    public int CountUpTo(double x)
    {
        if (x < _values[0])
            return 0;
        if (x >= _values[^1])
            return _values.Length;

        // Bucket is monotone, so every value of an earlier bucket is below x and every value of a later one above.
        var bucket = Bucket(x);
        var start = bucket > 0 ? _bucketEnds[bucket - 1] : 0;
        var length = _bucketEnds[bucket] - start;
        while (length > 0)
        {
            var half = (length + 1) >>> 1;
            // without a branch, which would be guessed wrong half of the time
            start = _values[start + half - 1] <= x ? start + half : start;
            length -= half;
        }

        return start;
    }

    private int Bucket(double x) => Math.Min((int)((x - _values[0]) * _bucketsPerUnit), _bucketEnds.Length - 1);
}

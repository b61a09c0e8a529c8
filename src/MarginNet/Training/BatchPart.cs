namespace MarginNet.Training;

/// <summary>The rows of a batch that are computed in one pass.</summary>
/// <param name="First">The first row.</param>
/// <param name="Count">The number of rows, at least 1.</param>
/// <param name="Share">The share of the batch that they are; 0 where there are more parts than rows and this one only keeps step with
/// the others, on a row that is another's.</param>
internal readonly record struct BatchPart(int First, int Count, double Share)
{
    /// <summary>All rows.</summary>
    public static BatchPart Whole(int batch) => new(0, batch, 1);

    /// <summary>Part i of n of a batch, in rows as even as can be.</summary>
    public static BatchPart Of(int batch, int i, int n)
    {
        var (first, next) = ((int)((long)batch * i / n), (int)((long)batch * (i + 1) / n));
        return first == next ? new(Math.Min(first, batch - 1), 1, 0) : new(first, next - first, (double)(next - first) / batch);
    }
}

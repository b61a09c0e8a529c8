namespace MarginNet.PValues;

/// <summary>Gathers a large sample in equally wide cells by one pass over it, without sorting.</summary>
internal static class EqualCells
{
    /// <summary>The least number of values that are gathered; fewer are sorted as fast.</summary>
    public const int FewestValues = 1 << 20;

    private const int Cells = 1 << 16;
    private const int Finest = 1 << 12; // a cell with more than the values over this is too coarse
    private const double Unit = 1L << 40; // sums are of whole numbers, so that the order of the values does not matter

    /// <summary>The number of values of each cell, their mean and their variance.</summary>
    /// <param name="data">At least <see cref="FewestValues"/> values, finite, in any order.</param>
    /// <param name="least">The least of them.</param>
    /// <param name="largest">The largest of them.</param>
    /// <returns>The cells, or null where one holds so large a part of the values that their places within it matter, as one does where values are
    /// repeated or far outliers stretch the cells.</returns>
    public static MixtureSample? TryGather(ReadOnlySpan<double> data, double least, double largest)
    {
        var width = (largest - least) / Cells;
        if (!(width > 0 && double.IsFinite(1 / width)))
            return null;

        var moments = new Moments[Cells];
        foreach (var value in data)
        {
            var position = (value - least) / width;
            var cell = Math.Min((int)position, Cells - 1);
            ref var moment = ref moments[cell];
            var offset = position - cell - 0.5; // from the middle, in widths
            moment.Count++;
            moment.Sum += (long)(offset * Unit);
            moment.Squares += (long)(offset * offset * Unit);
        }

        var filled = 0;
        var (means, counts, spreads) = (new double[Cells], new double[Cells], new double[Cells]);
        for (var cell = 0; cell < Cells; cell++)
        {
            var (count, sum, squares) = moments[cell];
            if (count > data.Length / Finest)
                return null;
            if (count == 0)
                continue;

            var mean = sum / (count * Unit);
            (counts[filled], means[filled]) = (count, least + ((cell + 0.5 + mean) * width));
            spreads[filled++] = Math.Max(0, (squares / (count * Unit)) - (mean * mean)) * width * width;
        }

        return MixtureSample.Of(means.AsSpan(0, filled), counts.AsSpan(0, filled), spreads.AsSpan(0, filled), data.Length);
    }

    private record struct Moments(int Count, long Sum, long Squares);
}

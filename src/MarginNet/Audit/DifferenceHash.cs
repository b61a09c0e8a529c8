using MarginNet.Data;

namespace MarginNet.Audit;

/// <summary>
/// A perceptual hash of 64 bits: the grey image averaged down to 9 × 8 cells, and a bit for each pair of neighbours in a row, set where
/// it grows brighter to the right. Small changes of brightness, contrast, size and compression leave most bits as they are.
/// </summary>
internal static class DifferenceHash
{
    private const int Rows = 8;
    private const int Columns = 9;

    /// <summary>Computes the hash of an image.</summary>
    /// <param name="images">The set.</param>
    /// <param name="index">The image in it.</param>
    public static ulong Compute(ImageSet images, int index)
    {
        Span<double> cells = stackalloc double[Rows * Columns];
        Average(images.Pixels(index), images.Channels, images.Height, images.Width, cells);
        var hash = 0UL;
        for (var y = 0; y < Rows; y++)
        {
            for (var x = 0; x + 1 < Columns; x++)
            {
                hash = (hash << 1) | (cells[(y * Columns) + x + 1] > cells[(y * Columns) + x] ? 1UL : 0);
            }
        }

        return hash;
    }

    /// <summary>The mean of the channels over each cell, with the shares that pixels have in it.</summary>
    private static void Average(ReadOnlySpan<byte> pixels, int channels, int height, int width, Span<double> cells)
    {
        var plane = height * width;
        for (var y = 0; y < Rows; y++)
        {
            for (var x = 0; x < Columns; x++)
            {
                var (top, bottom) = ((double)y * height / Rows, (double)(y + 1) * height / Rows);
                var (left, right) = ((double)x * width / Columns, (double)(x + 1) * width / Columns);
                var (sum, weight) = (0.0, 0.0);
                for (var row = (int)top; row < bottom; row++)
                {
                    var share = Math.Min(bottom, row + 1) - Math.Max(top, row);
                    for (var column = (int)left; column < right; column++)
                    {
                        var own = share * (Math.Min(right, column + 1) - Math.Max(left, column));
                        for (var c = 0; c < channels; c++)
                        {
                            sum += own * pixels[(c * plane) + (row * width) + column];
                        }

                        weight += own;
                    }
                }

                cells[(y * Columns) + x] = sum / weight;
            }
        }
    }
}

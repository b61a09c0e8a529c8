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
        Span<long> cells = stackalloc long[Rows * Columns];
        Sum(images.Pixels(index), images.Channels, images.Height, images.Width, cells);
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

    /// <summary>The sum of the channels over each cell, with the shares that pixels have in it. A pixel is 8 × 9 units large,
    /// and so a cell H × W: whole numbers, so that cells of one colour are equal.</summary>
    private static void Sum(ReadOnlySpan<byte> pixels, int channels, int height, int width, Span<long> cells)
    {
        var plane = height * width;
        cells.Clear();
        for (var c = 0; c < channels; c++)
        {
            for (var row = 0; row < height; row++)
            {
                for (var column = 0; column < width; column++)
                {
                    var value = pixels[(c * plane) + (row * width) + column];
                    for (var y = row * Rows / height; y < Rows && y * height < (row + 1) * Rows; y++)
                    {
                        var share = Overlap(y * height, height, row * Rows, Rows);
                        for (var x = column * Columns / width; x < Columns && x * width < (column + 1) * Columns; x++)
                        {
                            cells[(y * Columns) + x] += (long)share * Overlap(x * width, width, column * Columns, Columns) * value;
                        }
                    }
                }
            }
        }
    }

    /// <summary>The length that two intervals share.</summary>
    private static int Overlap(int first, int length, int second, int other) =>
        Math.Min(first + length, second + other) - Math.Max(first, second);
}

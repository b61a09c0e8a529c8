namespace MarginNet.Data;

/// <summary>
/// Bilinear resizing whose triangle filter widens with the reduction, so that shrinking averages instead of skipping pixels:
/// the antialiased bilinear filter of Pillow and of torchvision, in single precision, rounded once.
/// </summary>
internal static class ImageResize
{
    /// <summary>Resizes interleaved pixels [H, W, C] to channel-planar ones [C, H', W'].</summary>
    public static void ToPlanes(ReadOnlySpan<byte> source, int height, int width, int channels, Span<byte> target, int newHeight, int newWidth)
    {
        if ((height, width) == (newHeight, newWidth))
        {
            ToPlanes(source, channels, target);
            return;
        }

        var (rows, columns) = (Taps.Compute(height, newHeight), Taps.Compute(width, newWidth));
        var line = new float[width]; // one row of the target's height and the source's width
        for (var c = 0; c < channels; c++)
        {
            for (var y = 0; y < newHeight; y++)
            {
                Array.Clear(line);
                var first = rows.First[y];
                for (var k = 0; k < rows.Count; k++)
                {
                    Accumulate(line, source.Slice((first + k) * width * channels, width * channels), c, channels, rows.Weights[(y * rows.Count) + k]);
                }

                for (var x = 0; x < newWidth; x++)
                {
                    var sum = 0f;
                    for (var k = 0; k < columns.Count; k++)
                    {
                        sum += columns.Weights[(x * columns.Count) + k] * line[columns.First[x] + k];
                    }

                    target[(((c * newHeight) + y) * newWidth) + x] = (byte)Math.Clamp(sum + 0.5f, 0f, 255f);
                }
            }
        }
    }

    private static void ToPlanes(ReadOnlySpan<byte> source, int channels, Span<byte> target)
    {
        var plane = target.Length / channels;
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = source[(i % plane * channels) + (i / plane)];
        }
    }

    private static void Accumulate(float[] line, ReadOnlySpan<byte> row, int channel, int channels, float weight)
    {
        if (weight != 0)
        {
            for (var x = 0; x < line.Length; x++)
            {
                line[x] += weight * row[(x * channels) + channel];
            }
        }
    }

    /// <summary>For each target position, the first of <c>Count</c> source positions and their weights, which sum to 1.</summary>
    private sealed record Taps(int Count, int[] First, float[] Weights)
    {
        public static Taps Compute(int size, int newSize)
        {
            var scale = (double)size / newSize;
            var radius = Math.Max(scale, 1);
            var count = Math.Min(size, (int)Math.Ceiling(2 * radius) + 1);
            var (first, weights) = (new int[newSize], new float[newSize * count]);
            for (var i = 0; i < newSize; i++)
            {
                var centre = ((i + 0.5) * scale) - 0.5;
                first[i] = Math.Clamp((int)Math.Ceiling(centre - radius), 0, size - count);
                var raw = Enumerable.Range(first[i], count).Select(j => Math.Max(0, 1 - (Math.Abs(j - centre) / radius))).ToArray();
                var sum = raw.Sum();
                for (var k = 0; k < count; k++)
                {
                    weights[(i * count) + k] = (float)(raw[k] / sum);
                }
            }

            return new Taps(count, first, weights);
        }
    }
}

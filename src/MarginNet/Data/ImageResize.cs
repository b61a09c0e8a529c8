namespace MarginNet.Data;

/// <summary>
/// Bilinear resizing whose triangle filter widens with the reduction, so that shrinking averages instead of skipping pixels:
/// the antialiased bilinear filter of Pillow and of torchvision, in single precision, rounded once.
/// </summary>
internal static class ImageResize
{
    /// <summary>Makes interleaved pixels [H, W, S] channel-planar ones [C, H', W'] of the first C ≤ S channels.</summary>
    public static void Fit(
        ReadOnlySpan<byte> source, int height, int width, int stride, Span<byte> target, int channels, int newHeight, int newWidth,
        ImageResizing resizing)
    {
        if (resizing == ImageResizing.Stretch || (long)height * newWidth == (long)width * newHeight)
        {
            ToPlanes(source, height, width, stride, target, channels, newHeight, newWidth);
        }
        else if (resizing == ImageResizing.Crop)
        {
            var (rows, columns) = Largest(newHeight, newWidth, height, width);
            var part = Cut(source, width, stride, (height - rows) / 2, (width - columns) / 2, rows, columns);
            ToPlanes(part, rows, columns, stride, target, channels, newHeight, newWidth);
        }
        else
        {
            var (rows, columns) = Largest(height, width, newHeight, newWidth);
            var inner = new byte[channels * rows * columns];
            ToPlanes(source, height, width, stride, inner, channels, rows, columns);
            target.Clear();
            for (var row = 0; row < channels * rows; row++)
            {
                var y = (row / rows * newHeight) + ((newHeight - rows) / 2) + (row % rows);
                inner.AsSpan(row * columns, columns).CopyTo(target[((y * newWidth) + ((newWidth - columns) / 2))..]);
            }
        }
    }

    /// <summary>The largest size of the shape height × width within a box.</summary>
    private static (int Height, int Width) Largest(int height, int width, int boxHeight, int boxWidth) =>
        (long)height * boxWidth > (long)width * boxHeight
            ? (boxHeight, Math.Clamp((int)Math.Round((double)boxHeight * width / height), 1, boxWidth))
            : (Math.Clamp((int)Math.Round((double)boxWidth * height / width), 1, boxHeight), boxWidth);

    private static byte[] Cut(ReadOnlySpan<byte> source, int width, int stride, int top, int left, int rows, int columns)
    {
        var part = new byte[rows * columns * stride];
        for (var y = 0; y < rows; y++)
        {
            source.Slice((((top + y) * width) + left) * stride, columns * stride).CopyTo(part.AsSpan(y * columns * stride));
        }

        return part;
    }

    private static void ToPlanes(
        ReadOnlySpan<byte> source, int height, int width, int stride, Span<byte> target, int channels, int newHeight, int newWidth)
    {
        if ((height, width) == (newHeight, newWidth))
        {
            ToPlanes(source, stride, target, channels);
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
                    Accumulate(
                        line, source.Slice((first + k) * width * stride, width * stride), c, stride, rows.Weights[(y * rows.Count) + k]);
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

    private static void ToPlanes(ReadOnlySpan<byte> source, int stride, Span<byte> target, int channels)
    {
        var plane = target.Length / channels;
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = source[(i % plane * stride) + (i / plane)];
        }
    }

    private static void Accumulate(float[] line, ReadOnlySpan<byte> row, int channel, int stride, float weight)
    {
        if (weight != 0)
        {
            for (var x = 0; x < line.Length; x++)
            {
                line[x] += weight * row[(x * stride) + channel];
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

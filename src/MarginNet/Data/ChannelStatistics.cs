using System.Collections.Immutable;

namespace MarginNet.Data;

/// <summary>Mean and standard deviation of each colour channel over all pixels of an image set, of values in [0, 1]:
/// what a model's normalisation layer needs.</summary>
/// <param name="Mean">The means, shape [C], in [0, 1].</param>
/// <param name="StandardDeviation">The deviations with divisor N·H·W, shape [C], in [0, 1/2].</param>
public sealed record ChannelStatistics(ImmutableArray<double> Mean, ImmutableArray<double> StandardDeviation)
{
    /// <summary>Whether pixels can be normalised by them: all are finite and no deviation is below 0.</summary>
    internal bool CanNormalize =>
        Mean.All(double.IsFinite) && StandardDeviation.All(deviation => deviation >= 0 && double.IsFinite(deviation));

    /// <summary>The same means with deviations of 1: only the mean is subtracted, so that distances stay what they are.</summary>
    internal ChannelStatistics WithoutDeviations() => this with { StandardDeviation = [.. Mean.Select(_ => 1.0)] };

    /// <summary>Computes the statistics exactly, from a histogram of the bytes.</summary>
    /// <param name="images">At least one image.</param>
    /// <returns>The statistics; a channel of one constant value has deviation 0.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    public static ChannelStatistics Compute(ImageSet images)
    {
        if (images.Count == 0)
        {
            throw new ArgumentException("Expected at least one image.", nameof(images));
        }

        var plane = images.Height * images.Width;
        var (means, deviations) = (new double[images.Channels], new double[images.Channels]);
        for (var channel = 0; channel < images.Channels; channel++)
        {
            var histogram = new long[256];
            for (var i = 0; i < images.Count; i++)
            {
                foreach (var value in images.Pixels(i).Slice(channel * plane, plane))
                {
                    histogram[value]++;
                }
            }

            (means[channel], deviations[channel]) = Moments(histogram, (double)images.Count * plane);
        }

        return new ChannelStatistics([.. means], [.. deviations]);
    }

    private static (double Mean, double Deviation) Moments(long[] histogram, double count)
    {
        var mean = histogram.Select((n, value) => n * (double)value).Sum() / count;
        var variance = histogram.Select((n, value) => n * (value - mean) * (value - mean)).Sum() / count;
        return (mean / 255, Math.Sqrt(variance) / 255);
    }
}

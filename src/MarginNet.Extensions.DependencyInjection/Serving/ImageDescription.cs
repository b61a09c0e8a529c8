using MarginNet.Checkpoints;

namespace MarginNet.Serving;

/// <summary>How images were made for the model that a calibration is of.</summary>
/// <param name="Mean">What is subtracted from each channel.</param>
/// <param name="StandardDeviation">What each is divided by then.</param>
/// <param name="Height">Their height in pixels.</param>
/// <param name="Width">Their width in pixels.</param>
/// <param name="Output">Which of several outputs has the scores; null for the only one.</param>
internal sealed record ImageDescription(float[] Mean, float[] StandardDeviation, int Height, int Width, string? Output)
{
    private const int LargestSide = 1 << 15;

    /// <summary>Whether a model takes pixels in [0, 1] as they are.</summary>
    public bool IsPlain => Array.TrueForAll(Mean, mean => mean == 0) && Array.TrueForAll(StandardDeviation, deviation => deviation == 1);

    /// <summary>Reads it from the file of the calibration.</summary>
    /// <exception cref="InvalidDataException">A key is missing or holds something else.</exception>
    public static ImageDescription Read(PlainDictionary calibration)
    {
        var (mean, deviation, size) = (calibration.Numbers("mean"), calibration.Numbers("std"), calibration.Numbers("image_size"));
        if (mean.Length == 0 || mean.Length != deviation.Length || !Array.TrueForAll(mean, double.IsFinite)
            || !Array.TrueForAll(deviation, value => value is > 0 and < double.PositiveInfinity))
        {
            throw calibration.Unexpected("std", "a mean and a positive deviation for each channel");
        }

        return size is [>= 1 and <= LargestSide and var height, >= 1 and <= LargestSide and var width]
            ? new(ToSingle(mean), ToSingle(deviation), (int)height, (int)width, calibration.Values.GetValueOrDefault("part") as string)
            : throw calibration.Unexpected("image_size", "height and width");
    }

    private static float[] ToSingle(double[] values) => Array.ConvertAll(values, value => (float)value);
}

using System.Collections.Immutable;

namespace MarginNet.Evaluation;

/// <summary>Decisions of about one confidence, the largest softmax probability.</summary>
/// <param name="Count">Number of samples in the bin.</param>
/// <param name="Accuracy">The share of right decisions among them; NaN where there is none.</param>
/// <param name="Confidence">Their mean confidence; NaN where there is none.</param>
public readonly record struct CalibrationBin(int Count, double Accuracy, double Confidence)
{
    /// <summary>Parts samples into M equally wide bins of confidence, bin m holding those in (m/M, (m + 1)/M].</summary>
    /// <param name="confidences">The confidence of each sample, shape [N], in (0, 1].</param>
    /// <param name="areRight">Whether its decision is right, shape [N].</param>
    /// <param name="bins">M, at least 1.</param>
    internal static ImmutableArray<CalibrationBin> Part(ReadOnlySpan<double> confidences, ReadOnlySpan<bool> areRight, int bins)
    {
        var (counts, right, confidence) = (new int[bins], new int[bins], new double[bins]);
        for (var i = 0; i < confidences.Length; i++)
        {
            var bin = Math.Clamp((int)Math.Ceiling(confidences[i] * bins) - 1, 0, bins - 1);
            counts[bin]++;
            right[bin] += areRight[i] ? 1 : 0;
            confidence[bin] += confidences[i];
        }

        return [.. counts.Select((count, bin) => new CalibrationBin(count, (double)right[bin] / count, confidence[bin] / count))];
    }
}

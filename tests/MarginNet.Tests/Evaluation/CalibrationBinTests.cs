using MarginNet.Evaluation;

namespace MarginNet.Tests.Evaluation;

public sealed class CalibrationBinTests
{
    [Fact]
    public void A_bin_holds_its_upper_end_and_not_its_lower()
    {
        var bins = CalibrationBin.Part([0.25, 0.5, 0.51, 0.75, 1], [true, false, true, true, true], 4);
        Assert.Equal([1, 1, 2, 1], bins.Select(bin => bin.Count));
        Assert.Equal([1, 0, 1, 1], bins.Select(bin => bin.Accuracy));
        Assert.Equal((0.51 + 0.75) / 2, bins[2].Confidence, 1e-12);
    }

    [Fact]
    public void An_empty_bin_has_no_accuracy() => Assert.True(double.IsNaN(CalibrationBin.Part([0.9], [true], 2)[0].Accuracy));

    [Fact]
    public void Bins_that_are_joined_have_the_mean_of_their_parts()
    {
        var random = new Random(1);
        double[] confidences = [.. Enumerable.Range(0, 300).Select(_ => random.NextDouble())];
        bool[] areRight = [.. confidences.Select(confidence => random.NextDouble() < confidence)];
        var (fine, coarse) = (CalibrationBin.Part(confidences, areRight, 10), CalibrationBin.Part(confidences, areRight, 5));
        for (var bin = 0; bin < coarse.Length; bin++)
        {
            var (low, high) = (fine[2 * bin], fine[(2 * bin) + 1]);
            Assert.Equal(low.Count + high.Count, coarse[bin].Count);
            Assert.Equal(
                ((low.Count * low.Confidence) + (high.Count * high.Confidence)) / coarse[bin].Count, coarse[bin].Confidence, 1e-12);
        }
    }
}

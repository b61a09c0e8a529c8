using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Tests.Data;

public sealed class ChannelStatisticsTests
{
    [Fact]
    public void A_constant_channel_has_its_value_as_mean_and_no_deviation()
    {
        var statistics = ChannelStatistics.Compute(ImageSet.Create([51, 51, 0, 255, 51, 51, 255, 0], [0, 1], 2, 1, 2));
        Assert.Equal<double>([0.2, 0.5], statistics.Mean.AsSpan());
        Assert.Equal<double>([0, 0.5], statistics.StandardDeviation.AsSpan());
    }

    [Fact]
    public void They_are_those_of_the_images_as_a_tensor()
    {
        const double SinglePrecision = 6e-8; // of a pixel value in the tensor
        var images = SyntheticShapes.Create(50, 0).Train;
        var statistics = ChannelStatistics.Compute(images);
        using var scope = NewDisposeScope();
        var values = images.ToTensor([.. Enumerable.Range(0, 50)]).to(ScalarType.Float64);
        Assert.Equal(values.mean([0, 2, 3]).data<double>().ToArray(), [.. statistics.Mean], (a, b) => Math.Abs(a - b) < SinglePrecision);
        var deviations = values.std([0L, 2, 3], unbiased: false).data<double>().ToArray();
        Assert.Equal(deviations, [.. statistics.StandardDeviation], (a, b) => Math.Abs(a - b) < SinglePrecision);
    }

    [Fact]
    public void No_images_have_no_statistics() =>
        Assert.Throws<ArgumentException>(() => ChannelStatistics.Compute(ImageSet.Create([], [], 1, 1, 1)));
}

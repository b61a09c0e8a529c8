using MarginNet.Detection;
using MathNet.Numerics.Distributions;

namespace MarginNet.Tests.Detection;

public sealed class ProportionTests
{
    // scipy.stats.beta.ppf of SciPy 1.10.
    [Theory]
    [InlineData(0, 10, 0.0, 0.3084971078187608)]
    [InlineData(5, 100, 0.016431879182052155, 0.11283491110546275)]
    [InlineData(10, 10, 0.6915028921812392, 1.0)]
    [InlineData(50, 10000, 0.0037133061795554855, 0.006586626429079916)]
    [InlineData(1, 3, 0.008403758659612636, 0.9057006759497539)]
    public void Exact_intervals_are_those_of_SciPy(int count, int total, double low, double high)
    {
        var interval = new Proportion(count, total).ExactInterval();
        Assert.Equal(low, interval.Low, 1e-9);
        Assert.Equal(high, interval.High, 1e-9);
    }

    [Fact]
    public void Coverage_is_never_below_the_level()
    {
        const int Total = 20;
        for (var p = 0.01; p < 1; p += 0.01)
        {
            var covered = Enumerable.Range(0, Total + 1)
                .Where(count => new Proportion(count, Total).ExactInterval(0.9) is var interval && interval.Low <= p && p <= interval.High)
                .Sum(count => Binomial.PMF(p, Total, count));
            Assert.True(covered >= 0.9, $"{covered} at {p}");
        }
    }

    [Fact]
    public void The_interval_of_the_complement_is_the_mirror_image()
    {
        var (low, high) = new Proportion(7, 30).ExactInterval();
        var mirrored = new Proportion(23, 30).ExactInterval();
        Assert.Equal(1 - high, mirrored.Low, 1e-9);
        Assert.Equal(1 - low, mirrored.High, 1e-9);
    }

    [Fact]
    public void A_level_out_of_range_is_rejected() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Proportion(1, 2).ExactInterval(1));
}

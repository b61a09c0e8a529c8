using MarginNet.Cli.Reproduction;
using MarginNet.Detection;

namespace MarginNet.Cli.Tests.Reproduction;

public sealed class EstimateTests
{
    [Fact]
    public void One_seed_has_the_exact_interval_of_its_samples()
    {
        var share = new Proportion(8670, 10_000);
        var estimate = Estimate.Of([share]);
        Assert.Equal(0.867, estimate.Value);
        Assert.Equal(share.ExactInterval(), estimate.Interval);
        Assert.Equal("86.70 % [86.02, 87.36]", estimate.ToString());
    }

    [Fact]
    public void Several_seeds_have_Students_interval_of_their_mean()
    {
        // t(0.975, 2) = 4.302653 from tables, times 0.02/√3.
        var estimate = Estimate.Of([new(80, 100), new(82, 100), new(84, 100)]);
        Assert.Equal(0.82, estimate.Value, 1e-12);
        Assert.Equal(0.82 - 0.0496828, estimate.Interval.Low, 1e-6);
        Assert.Equal(0.82 + 0.0496828, estimate.Interval.High, 1e-6);
        Assert.Equal("82.00 % ± 4.97", estimate.ToString());
    }
}

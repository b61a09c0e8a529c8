using MarginNet.Evaluation;

namespace MarginNet.Tests.Evaluation;

public sealed class MarginQuantileTests
{
    // numpy.quantile([3, -1, 4, 1, -5, 9, 2, 6], [0, 0.01, 0.25, 0.5, 0.9, 1]) of NumPy 1.24.
    [Fact]
    public void Quantiles_are_those_of_NumPy()
    {
        double[] expected = [-5, -4.72, 0.5, 2.5, 6.9, 9];
        var found = MarginQuantile.Compute([3, -1, 4, 1, -5, 9, 2, 6], [0, 0.01, 0.25, 0.5, 0.9, 1]);
        Assert.All(found.Zip(expected), pair => Assert.Equal(pair.Second, pair.First.Margin, 1e-12));
    }

    [Fact]
    public void A_single_margin_is_every_quantile() =>
        Assert.All(MarginQuantile.Compute([7], [0, 0.3, 1]), quantile => Assert.Equal(7, quantile.Margin));
}

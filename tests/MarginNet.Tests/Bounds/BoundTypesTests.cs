using MarginNet.Bounds;

namespace MarginNet.Tests.Bounds;

public sealed class BoundTypesTests
{
    [Fact]
    public void Sums_and_products_of_bounds_are_never_below_the_exact_ones()
    {
        var random = new Random(1);
        for (var i = 0; i < 1000; i++)
        {
            var (a, b) = (random.NextDouble() * Math.Pow(10, random.Next(-3, 4)), random.NextDouble());
            var (nearest, sum) = (a + b, (new UpperBound(a) + new UpperBound(b)).Value);
            var lost = (a - (nearest - (nearest - a))) + (b - (nearest - a)); // Knuth's exact error of the nearest sum.
            Assert.True(sum - nearest >= lost && sum <= nearest * (1 + 1e-15));
            var product = (new UpperBound(a) * new UpperBound(b)).Value;
            Assert.True(Math.FusedMultiplyAdd(a, b, -product) <= 0);
            Assert.True(product <= a * b * (1 + 1e-15));
        }
    }

    [Fact]
    public void An_unknown_bound_stays_unknown_save_behind_a_constant_map()
    {
        var unknown = new UpperBound(double.PositiveInfinity);
        Assert.Equal(double.PositiveInfinity, (unknown * new UpperBound(1e-300)).Value);
        Assert.Equal(double.PositiveInfinity, (new UpperBound(1e300) * new UpperBound(1e300)).Value);
        Assert.Equal(0, (unknown * new UpperBound(0)).Value);
        Assert.True((new UpperBound(1e-200) * new UpperBound(1e-200)).Value > 0);
        Assert.Equal(unknown, UpperBound.Min(unknown, unknown));
        Assert.Equal(2, UpperBound.Min(unknown, new(2)).Value);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void What_is_no_bound_is_refused(double value) => Assert.Throws<ArgumentOutOfRangeException>(() => new UpperBound(value));

    [Fact]
    public void Bounds_are_ordered_by_value()
    {
        var (small, large) = (new UpperBound(1), new UpperBound(2));
        Assert.True(small < large && large > small && small <= large && large >= small && small.CompareTo(large) < 0);
        Assert.Equal(2, new UpperBound(100).Log10);
    }
}

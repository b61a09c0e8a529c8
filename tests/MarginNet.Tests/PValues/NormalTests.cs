using MarginNet.PValues;
using MathNet.Numerics;

namespace MarginNet.Tests.PValues;

public sealed class NormalTests
{
    // erfc(-z/√2)/2 with 40 digits by mpmath.
    [Theory]
    [InlineData(-37, 5.7255712225245768e-300)]
    [InlineData(-30, 4.9067139271481871e-198)]
    [InlineData(-20, 2.7536241186062337e-89)]
    [InlineData(-10, 7.6198530241605261e-24)]
    [InlineData(-5, 2.8665157187919391e-7)]
    [InlineData(-1.5, 0.066807201268858066)]
    [InlineData(-0.1, 0.46017216272297102)]
    [InlineData(0.3, 0.61791142218895263)]
    [InlineData(2, 0.97724986805182079)]
    [InlineData(6, 0.99999999901341235)]
    public void Tails_are_exact_to_a_relative_1e_minus_12(double z, double expected) =>
        Assert.Equal(1, Normal.LowerTail(z) / expected, 1e-12);

    [Fact]
    public void Tails_agree_with_an_independent_complementary_error_function()
    {
        for (var z = -37.0; z < 8; z += 0.0137)
            Assert.Equal(1, Normal.LowerTail(z) / (0.5 * SpecialFunctions.Erfc(-z / Constants.Sqrt2)), 1e-12);
    }

    [Fact]
    public void The_tail_never_falls()
    {
        var previous = 0.0;
        for (var z = -38.0; z < 9; z += 0.01)
        {
            var tail = Normal.LowerTail(z);
            Assert.True(tail >= previous, $"fell at {z}");
            previous = tail;
        }
    }

    [Fact]
    public void Infinities_have_tails_of_exactly_0_and_1()
    {
        Assert.Equal(0, Normal.LowerTail(double.NegativeInfinity));
        Assert.Equal(1, Normal.LowerTail(double.PositiveInfinity));
        Assert.Equal(0.5, Normal.LowerTail(0), 1e-16);
    }
}

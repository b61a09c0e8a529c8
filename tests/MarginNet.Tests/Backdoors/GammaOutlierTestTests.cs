using MarginNet.Backdoors;
using MathNet.Numerics.Distributions;

namespace MarginNet.Tests.Backdoors;

public sealed class GammaOutlierTestTests
{
    private const double Alpha = 0.05;

    [Fact]
    public void The_p_value_is_that_of_the_largest_of_as_many_as_the_null_is_fitted_to()
    {
        double[] values = [5, 6, 4.5, 5.5, 9, 5.2];
        var test = GammaOutlierTest.Compute(values);
        var expected = GammaNull.Fit([5, 6, 4.5, 5.5, 5.2]);
        Assert.Null(test.Doubt);
        Assert.Equal(expected.Shape, test.Null!.Shape, 1e-6 * expected.Shape);
        Assert.Equal(1 - Math.Pow(Gamma.CDF(expected.Shape, 1 / expected.Scale, 9), 5), test.PValue, 1e-9);
        Assert.Equal(test, GammaOutlierTest.Compute([.. values.AsEnumerable().Reverse()]));
    }

    [Fact]
    public void The_farther_the_largest_is_the_smaller_are_both_p_values_and_neither_is_below_its_least()
    {
        double[] largest = [6.1, 7, 8, 9, 12, 1000, 1e9];
        GammaOutlierTest[] tests = [.. largest.Select(value => GammaOutlierTest.Compute([5, 6, 4.5, 5.5, value, 5.2]))];
        Assert.Equal(tests.Select(test => test.PValue).OrderDescending(), tests.Select(test => test.PValue));
        Assert.Equal(tests.Select(test => test.CalibratedPValue).OrderDescending(), tests.Select(test => test.CalibratedPValue));
        Assert.InRange(tests[^1].PValue, 0, 1e-12);
        Assert.Equal(0.001, tests[^1].CalibratedPValue, 1e-12);
    }

    [Fact]
    public void The_unit_of_the_numbers_does_not_matter()
    {
        double[] values = [5, 6, 4.5, 5.5, 7, 5.2];
        var (test, scaled) = (GammaOutlierTest.Compute(values), GammaOutlierTest.Compute(Array.ConvertAll(values, value => 1e6 * value)));
        Assert.Equal(test.PValue, scaled.PValue, 1e-9);
        Assert.Equal(test.CalibratedPValue, scaled.CalibratedPValue, 0.002);
    }

    [Fact]
    public void Numbers_that_are_not_above_0_are_left_out()
    {
        double[] values = [5, 6, 4.5, 5.5, 7, 5.2];
        Assert.Equal(GammaOutlierTest.Compute(values), GammaOutlierTest.Compute([-1, .. values, 0, -1e3]));
    }

    [Theory]
    [InlineData("3 margins above 0 are too few", 1.0, 2.0, 3.0)]
    [InlineData("3 margins above 0 are too few", 1.0, 2.0, -3.0, 4.0)]
    [InlineData("alike (2)", 2.0, 2.0, 5.0, 2.0)]
    public void Where_no_null_can_be_had_it_is_said_why(string why, params double[] values)
    {
        var test = GammaOutlierTest.Compute(values);
        Assert.Null(test.Null);
        Assert.Equal((double.NaN, double.NaN), (test.PValue, test.CalibratedPValue));
        Assert.Contains(why, test.Doubt, StringComparison.Ordinal);
    }

    /// <summary>
    /// The levels that docs/backdoors.md states, of numbers that are all from one Gamma distribution. The p-value is too small, since G is
    /// fitted without the largest; the calibrated one keeps its level. Shares of 300 are within 0.11, or four deviations.
    /// </summary>
    [Theory]
    [InlineData(50)]
    [InlineData(5)]
    public void The_p_value_exceeds_its_level_and_the_calibrated_one_keeps_it(double shape)
    {
        const int Count = 10;
        const double Expected = 0.27;
        const int Runs = 300;
        var random = new Random((int)shape);
        var draws = new double[Count];
        var (suspected, calibrated) = (0, 0);
        for (var run = 0; run < Runs; run++)
        {
            Gamma.Samples(random, draws, shape, 1);
            var test = GammaOutlierTest.Compute(draws, run);
            suspected += test.PValue <= Alpha ? 1 : 0;
            calibrated += test.CalibratedPValue <= Alpha ? 1 : 0;
        }

        Assert.Equal(Expected, (double)suspected / Runs, 0.11);
        Assert.InRange((double)calibrated / Runs, 0, 0.115);
    }
}

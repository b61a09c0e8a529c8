using System.Collections.Immutable;
using MarginNet.Training;

namespace MarginNet.Tests.Training;

public sealed class DualWeightsTests
{
    private static readonly double[] Margins = [1, 3, -2, 2];
    private static readonly double[] Targets = [2, 2, 2, 2]; // Violated, met, violated, met exactly.

    [Fact]
    public void Each_update_is_its_rule()
    {
        Assert.Equal<double>([3, 1, 3, 1], Updated(DualUpdate.Multiply(3)));
        Assert.Equal<double>([2, 0.5, 2, 0.5], Updated(DualUpdate.MultiplyOrDivide(2)));
        Assert.Equal<double>([1.5, 1, 1.5, 1], Updated(DualUpdate.Add(0.5)));
        Assert.Equal<double>([1.5, 0.5, 3, 1], Updated(DualUpdate.Ascend(0.5)));
        Assert.Equal<double>([2, 0, 5, 1], Updated(DualUpdate.Ascend(1)));
    }

    [Fact]
    public void Every_name_makes_its_update_and_no_other_name_does()
    {
        Assert.All(DualUpdate.Names, name => Assert.Equal(name, DualUpdate.Create(name).Name));
        Assert.Equal(7, DualUpdate.Create("multiply", 7).Step);
        Assert.Contains(
            "choose one of multiply, multiply-divide, add, ascend",
            Assert.Throws<ArgumentException>(() => DualUpdate.Create("double")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multiply", 1)]
    [InlineData("multiply-divide", 0.5)]
    [InlineData("add", 0)]
    [InlineData("ascend", double.NaN)]
    public void A_step_that_would_not_raise_a_violated_weight_is_refused(string name, double step) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => DualUpdate.Create(name, step));

    [Fact]
    public void Normalised_weights_have_mean_one_and_keep_their_ratios()
    {
        var weights = DualWeights.Ones(4).Update(DualUpdate.Multiply(3), Margins, Targets);
        Assert.Equal<double>([1.5, 0.5, 1.5, 0.5], weights.Values);
    }

    [Fact]
    public void Weights_stay_finite_over_many_rounds()
    {
        var weights = DualWeights.Ones(4);
        for (var round = 0; round < 5000; round++)
        {
            weights = weights.Update(DualUpdate.MultiplyOrDivide(2), Margins, Targets);
        }

        Assert.All(weights.Values, weight => Assert.InRange(weight, 0, 4));
        Assert.Equal(2, weights.Values[0]);
    }

    [Fact]
    public void A_cap_holds_after_the_normalisation()
    {
        var weights = DualWeights.Ones(4).Update(DualUpdate.Multiply(100), Margins, Targets, cap: 1.25);
        Assert.Equal(1.25, weights.Values.Max());
    }

    [Fact]
    public void A_report_lists_the_violations_with_the_largest_shortfall_first()
    {
        var report = ConstraintReport.Check(Margins, Targets, DualWeights.Ones(4));
        Assert.Equal((4, 2, false), (report.Total, report.Met, report.AllMet));
        Assert.Equal([2, 0], report.Violations.Select(violation => violation.Index));
        Assert.Equal([4.0, 1.0], report.Violations.Select(violation => violation.Shortfall));
        Assert.True(ConstraintReport.Check(Targets, Targets, DualWeights.Ones(4)).AllMet);
        Assert.False(ConstraintReport.Check([double.NaN], [1], DualWeights.Ones(1)).AllMet);
    }

    [Fact]
    public void Lengths_that_differ_are_refused()
    {
        Assert.Throws<ArgumentException>(() => DualWeights.Ones(3).Update(DualUpdate.Multiply(), Margins, Targets));
        Assert.Throws<ArgumentException>(() => ConstraintReport.Check(Margins, Targets, DualWeights.Ones(3)));
    }

    private static ImmutableArray<double> Updated(DualUpdate update) =>
        DualWeights.Ones(4).Update(update, Margins, Targets, normalize: false).Values;
}

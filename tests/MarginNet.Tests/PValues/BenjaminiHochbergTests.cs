using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class BenjaminiHochbergTests
{
    [Fact]
    public void Adjusted_values_are_those_of_R()
    {
        // p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05, 0.5, 0.001, 0.02), "BH")
        double[] expected = [0.04, 0.04, 0.048, 0.0533333333333333, 0.0571428571428571, 0.5, 0.008, 0.04];
        var adjusted = BenjaminiHochberg.Adjust([0.01, 0.02, 0.03, 0.04, 0.05, 0.5, 0.001, 0.02]);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], adjusted[i], 1e-14);
    }

    [Fact]
    public void Adjustment_keeps_the_order_and_never_lowers_a_value_or_exceeds_one()
    {
        var random = new Random(1);
        double[] values = [.. Enumerable.Range(0, 500).Select(_ => random.NextDouble() * random.NextDouble())];
        var adjusted = BenjaminiHochberg.Adjust(values);
        var sorted = adjusted.ToArray();
        Array.Sort(values.ToArray(), sorted);
        Assert.Equal(adjusted.Order(), sorted);
        for (var i = 0; i < values.Length; i++)
            Assert.InRange(adjusted[i], values[i], 1);
    }

    [Fact]
    public void Flagging_adjusted_values_is_the_step_up_procedure()
    {
        const double Rate = 0.1;
        var random = new Random(2);
        double[] values = [.. Enumerable.Range(0, 200).Select(i => i < 40 ? random.NextDouble() * 0.01 : random.NextDouble())];
        var sorted = values.Order().ToArray();
        var rejected =
            Enumerable.Range(1, sorted.Length).Where(rank => sorted[rank - 1] <= Rate * rank / sorted.Length).DefaultIfEmpty(0).Max();
        Assert.Equal(rejected, BenjaminiHochberg.Adjust(values).Count(value => value <= Rate * (1 + 1e-12)));
    }

    [Fact]
    public void Nothing_is_adjusted_to_nothing() => Assert.Empty(BenjaminiHochberg.Adjust([]));

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void A_value_that_is_no_probability_is_named_by_its_index(double bad) =>
        Assert.Contains(
            "index 1", Assert.Throws<ArgumentException>(() => BenjaminiHochberg.Adjust([0.5, bad])).Message, StringComparison.Ordinal);
}

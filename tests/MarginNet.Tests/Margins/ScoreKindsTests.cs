using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Tests.Margins;

public sealed class ScoreKindsTests
{
    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 10)]
    [InlineData(50, 3)]
    [InlineData(50, 1000)]
    public void A_softmax_makes_probabilities_of_logits_and_its_logarithm_log_probabilities(int rows, int columns)
    {
        var logits = Draw(rows, columns, seed: 1);
        Assert.Equal(ScoreKind.Logits, ScoreKinds.Guess(logits));
        Assert.Equal(ScoreKind.Probabilities, ScoreKinds.Guess(Softmax(logits)));
        Assert.Equal(ScoreKind.LogProbabilities, ScoreKinds.Guess(Map(Softmax(logits), Math.Log)));
        Assert.Equal(ScoreKind.Probabilities, ScoreKinds.Guess(Map(Softmax(logits), p => (double)(float)p)));
        Assert.Equal(ScoreKind.Probabilities, ScoreKinds.Guess(Map(Softmax(logits), p => (double)(Half)p)));
        Assert.Equal(
            ScoreKind.Probabilities,
            ScoreKinds.Guess(new ScoreMatrix([.. Softmax(logits).Values.ToArray().Select(p => (float)p)], columns)));
    }

    [Fact]
    public void Probabilities_of_two_decimals_are_known_when_there_are_many() =>
        Assert.Equal(ScoreKind.Probabilities, ScoreKinds.Guess(Map(Softmax(Draw(50, 10, seed: 2)), p => Math.Round(p, 2))));

    [Fact]
    public void One_row_of_logits_that_sums_to_1_is_no_probability_beside_others_that_do_not()
    {
        double[] values = [0.25, 0.25, 0.5, 0.75, 0.5, -0.25, 3, -1, -1, 0.1, 0.2, 0.3];
        Assert.Equal(ScoreKind.Logits, ScoreKinds.Guess(new NumericArray(values, 4, 3, IsVector: false)));
        // Sums of 1, outside [0, 1].
        Assert.Equal(ScoreKind.Logits, ScoreKinds.Guess(new NumericArray(values.AsMemory(3, 6), 2, 3, IsVector: false)));
        Assert.Equal(ScoreKind.Logits, ScoreKinds.Guess(new NumericArray(ReadOnlyMemory<double>.Empty, 0, 3, IsVector: false)));
    }

    [Fact]
    public void Logarithms_of_probabilities_have_the_margins_of_the_logits()
    {
        var logits = Draw(40, 5, seed: 3);
        var again = ScoreKinds.ToLogits(Softmax(logits), ScoreKind.Probabilities);
        for (var i = 0; i < logits.Rows; i++)
        {
            var (expected, actual) = (DecisionMargin.Compute(logits.Row(i)), DecisionMargin.Compute(again.Row(i)));
            Assert.Equal(expected.Class, actual.Class);
            Assert.Equal(expected.Margin, actual.Margin, 1e-9);
        }

        Assert.Same(logits, ScoreKinds.ToLogits(logits, ScoreKind.Logits));
        Assert.Same(logits, ScoreKinds.ToLogits(logits, ScoreKind.LogProbabilities));
    }

    [Fact]
    public void A_probability_of_0_is_taken_for_the_smallest_above_0_and_noted()
    {
        var read = ScoreKinds.ToLogits(new(new[] { 1, 0.0, 0, 0.99, 0.0099, 1e-4 }, 2, 3, IsVector: false), ScoreKind.Probabilities);
        Assert.Equal([0, Math.Log(1e-4), Math.Log(1e-4)], read.Row(0).ToArray());
        Assert.Contains("2 of 6 probabilities are 0", Assert.Single(read.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_probability_is_refused()
    {
        Assert.Contains(
            "row 1 and class 0 is -1",
            Assert.Throws<InvalidDataException>(
                () => ScoreKinds.ToLogits(new(new[] { 0.5, 0.5, -1, 2 }, 2, 2, IsVector: false), ScoreKind.Probabilities)).Message,
            StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => ScoreKinds.ToLogits(new(new double[4], 2, 2, IsVector: false), ScoreKind.Probabilities));
    }

    private static NumericArray Draw(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        return new(Enumerable.Range(0, rows * columns)
            .Select(_ => (12 * random.NextDouble()) - 6)
            .ToArray(), rows, columns, IsVector: false);
    }

    private static NumericArray Softmax(NumericArray logits)
    {
        var exponentials = Map(logits, Math.Exp);
        var values = exponentials.Values.ToArray();
        for (var i = 0; i < values.Length; i++)
        {
            values[i] /= exponentials.Row(i / logits.Columns).ToArray().Sum();
        }

        return logits with { Values = values };
    }

    private static NumericArray Map(NumericArray array, Func<double, double> function) =>
        array with { Values = array.Values.ToArray().Select(function).ToArray() };
}

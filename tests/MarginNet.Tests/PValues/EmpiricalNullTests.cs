using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class EmpiricalNullTests
{
    [Fact]
    public void A_p_value_is_its_formula_of_the_class_or_of_all()
    {
        var model = EmpiricalNull.Fit([3, 1, 2, 2, 5, double.NegativeInfinity], [0, 0, 0, 0, 1, 1], 3);
        Assert.Equal(3, model.ClassCount);
        Assert.Equal(4.0 / 5, model.PValue(2, 0));
        Assert.Equal(1.0 / 5, model.PValue(0.5, 0));
        Assert.Equal(1, model.PValue(3, 0));
        Assert.Equal(2.0 / 3, model.PValue(2, 1));
        Assert.Equal(5.0 / 7, model.PValue(2, 0, NullKind.Pooled));
        Assert.Equal(1, model.PValue(-100, 2)); // Nothing is known of the class.
    }

    [Theory]
    [InlineData(NullKind.Class, false)]
    [InlineData(NullKind.Class, true)]
    [InlineData(NullKind.Pooled, false)]
    [InlineData(NullKind.Pooled, true)]
    public void Fresh_samples_have_a_p_value_of_at_most_alpha_at_most_that_often(NullKind kind, bool areRounded)
    {
        // Scores of two classes, of different scales, with n = 19 in each class; at 0.1 a class allows 2 of 20 ranks, all allow 3 of 39.
        const int Draws = 4000;
        var random = new Random(11);
        double[] alphas = [0.05, 0.1, 0.5];
        var counts = new int[alphas.Length];
        double Draw(int c) => areRounded ? Math.Round(2 * (c + 1) * random.NextDouble()) : (c + 1) * random.NextDouble();
        for (var i = 0; i < Draws; i++)
        {
            int[] classes = [.. Enumerable.Range(0, 38).Select(k => k % 2)];
            var model = EmpiricalNull.Fit([.. classes.Select(Draw)], classes, 2);
            var fresh = i % 2;
            var p = model.PValue(Draw(fresh), fresh, kind);
            for (var a = 0; a < alphas.Length; a++)
                counts[a] += p <= alphas[a] ? 1 : 0;
        }

        for (var a = 0; a < alphas.Length; a++)
        {
            var (rate, error) = ((double)counts[a] / Draws, Math.Sqrt(alphas[a] * (1 - alphas[a]) / Draws));
            Assert.True(rate < alphas[a] + (5 * error), $"{rate} at {alphas[a]}");
            if (!areRounded && kind == NullKind.Class)
                Assert.True(rate > alphas[a] - (5 * error), $"{rate} at {alphas[a]}"); // exactly uniform on the ranks
        }
    }

    [Fact]
    public void Of_weighted_samples_a_p_value_is_the_share_of_their_weight()
    {
        double[] weights = [1, 0.5, 2, 0, 3];
        var model = EmpiricalNull.Fit([3, 1, 2, 2, 5], [0, 0, 0, 0, 1], 3, weights);
        Assert.True(model.IsWeighted);
        Assert.Equal((2 + 2.5) / (2 + 3.5), model.PValue(2, 0, weight: 2));
        Assert.Equal((2 + 2.5) / (2 + 6.5), model.PValue(2, 0, NullKind.Pooled, 2));
        Assert.Equal(0, model.PValue(0, 0, weight: 0)); // A sample that is never seen where p-values are used.
        Assert.Equal(1, model.PValue(0, 2, weight: 0)); // Nothing is known of the class.
        Assert.Contains("index 1", Assert.Throws<ArgumentException>(() => EmpiricalNull.Fit([1, 2], [0, 0], 1, [1, -1])).Message);
        Assert.Throws<ArgumentException>(() => EmpiricalNull.Fit([1, 2], [0, 0], 1, [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.PValue(0, 0, weight: double.PositiveInfinity));
        var (plain, equal) = (EmpiricalNull.Fit([3, 1, 2], [0, 0, 0], 1), EmpiricalNull.Fit([3, 1, 2], [0, 0, 0], 1, [4, 4, 4]));
        Assert.False(plain.IsWeighted);
        Assert.Equal(plain.PValue(2, 0), equal.PValue(2, 0, weight: 4));
    }

    [Fact]
    public void What_is_no_score_is_refused()
    {
        Assert.Contains(
            "index 1", Assert.Throws<ArgumentException>(() => EmpiricalNull.Fit([0, double.NaN], [0, 0], 1)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "index 1", Assert.Throws<ArgumentException>(() => EmpiricalNull.Fit([0, 1], [0, 1], 1)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => EmpiricalNull.Fit([0, 1], [0], 1));
        var model = EmpiricalNull.Fit([1], [0], 1);
        Assert.Throws<ArgumentException>(() => model.PValue(double.NaN, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.PValue(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.PValue(0, 0, NullKind.ErrorWeighted));
    }
}

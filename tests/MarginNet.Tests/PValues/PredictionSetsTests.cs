using MarginNet.Arrays;
using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class PredictionSetsTests
{
    private const int Classes = 4;

    [Theory]
    [InlineData(NonconformityScore.Lac, false)]
    [InlineData(NonconformityScore.Aps, false)]
    [InlineData(NonconformityScore.Aps, true)]
    [InlineData(NonconformityScore.Raps, false)]
    [InlineData(NonconformityScore.Raps, true)]
    public void Sets_are_those_of_the_quantile_by_brute_force(NonconformityScore score, bool isRandomized)
    {
        var random = new Random(1);
        var options = new PredictionSetOptions { Score = score, Penalty = 0.1, FreeRanks = 1 };
        var (logits, labels) = Draw(random, 29);
        var sets = PredictionSets.Fit(logits, labels, options, isRandomized ? new Random(2) : null);
        var draws = new Random(2);
        double[] calibration =
            [.. labels.Select((y, i) => Score(options, logits.Row(i).ToArray(), y, isRandomized ? draws.NextDouble() : 1)).Order()];
        var (fresh, _) = Draw(random, 200);
        var (given, again) = (new Random(3), new Random(3));
        for (var i = 0; i < fresh.Rows; i++)
        {
            var row = fresh.Row(i).ToArray();
            var u = isRandomized ? again.NextDouble() : 1;
            // 0.8 of 30 is the 24th smallest.
            int[] expected = [.. Enumerable.Range(0, Classes).Where(y => Score(options, row, y, u) <= calibration[23])];
            Assert.Equal(expected.OrderByDescending(y => row[y]), sets.Predict(row, 0.8, isRandomized ? given : null));
        }
    }

    [Theory]
    [InlineData(NonconformityScore.Lac, false)]
    [InlineData(NonconformityScore.Aps, false)]
    [InlineData(NonconformityScore.Aps, true)]
    [InlineData(NonconformityScore.Raps, true)]
    public void The_true_class_is_in_the_set_at_the_stated_rate(NonconformityScore score, bool isRandomized)
    {
        // One fresh sample for each calibration, so that all are independent: the count is binomial.
        const int Trials = 3000;
        var random = new Random(4);
        var found = 0;
        for (var i = 0; i < Trials; i++)
        {
            var (logits, labels) = Draw(random, 20);
            var sets = PredictionSets.Fit(First(logits, 19), labels.AsSpan(0, 19), new() { Score = score }, isRandomized ? random : null);
            found += sets.Predict(logits.Row(19), 0.8, isRandomized ? random : null).Contains(labels[19]) ? 1 : 0;
        }

        var error = Math.Sqrt(0.8 * 0.2 / Trials); // 0.8 of 20 is a whole number, so that the rate is 0.8 exactly without ties
        Assert.InRange((double)found / Trials, 0.8 - (5 * error), score == NonconformityScore.Lac || isRandomized ? 0.8 + (5 * error) : 1);
    }

    [Theory]
    [InlineData(NonconformityScore.Lac, false)]
    [InlineData(NonconformityScore.Lac, false, true)]
    [InlineData(NonconformityScore.Aps, true)]
    [InlineData(NonconformityScore.Raps, false)]
    [InlineData(NonconformityScore.Raps, true)]
    [InlineData(NonconformityScore.Raps, true, true)]
    public void What_a_null_model_keeps_of_the_samples_makes_the_same_sets(
        NonconformityScore score, bool isClassConditional, bool isWeighted = false)
    {
        var random = new Random(6);
        var options = new PredictionSetOptions { Score = score, IsClassConditional = isClassConditional, Penalty = 0.05, FreeRanks = 1 };
        var ((logits, labels), (fresh, _)) = (Draw(random, 200), Draw(random, 100));
        double[] weights = isWeighted ? [.. Enumerable.Range(0, 200).Select(_ => 2 * random.NextDouble())] : [];
        var kept = MarginNullModel.FromState(
            MarginNullModel.Fit(logits, labels).WithSets(SetCalibration.Fit(logits, labels, weights)).ToState()).Sets!;
        Assert.Equal((Classes, 200, isWeighted), (kept.ClassCount, kept.SampleCount, kept.IsWeighted));
        var (expected, sets) = (PredictionSets.Fit(logits, labels, options, weights: weights), kept.ToSets(options));
        Assert.Equal((isWeighted, isWeighted), (expected.IsWeighted, sets.IsWeighted));
        for (var i = 0; i < fresh.Rows; i++)
            foreach (var coverage in new[] { 0.5, 0.9, 0.999 })
                Assert.Equal(expected.Predict(fresh.Row(i), coverage), sets.Predict(fresh.Row(i), coverage));
    }

    [Fact]
    public void A_damaged_calibration_of_sets_is_refused_by_its_key()
    {
        var (logits, labels) = Draw(new Random(7), 50);
        var model = MarginNullModel.Fit(logits, labels).WithSets(SetCalibration.Fit(logits, labels));
        var two = logits with { Values = logits.Values[..(50 * 2)], Columns = 2 };
        Assert.Throws<ArgumentException>(() => model.WithSets(SetCalibration.Fit(two, new int[50])));
        foreach (var (key, value) in new (string, object)[] { ("ranks", new double[] { 1 }), ("probabilities", new double[] { 2 }) })
        {
            var state = model.ToState();
            ((Dictionary<string, object?>)((List<object?>)state["sets"]!)[1]!)[key] = value;
            Assert.Contains("sets[1]", Assert.Throws<InvalidDataException>(() => MarginNullModel.FromState(state)).Message);
        }
    }

    [Fact]
    public void Each_class_has_the_coverage_where_that_is_asked_for_and_only_then()
    {
        var random = new Random(5);
        var (logits, labels) = Draw(random, 4000, hardest: 0);
        var (fresh, classes) = Draw(random, 4000, hardest: 0);
        double Coverage(bool isClassConditional)
        {
            var sets = PredictionSets.Fit(logits, labels, new() { IsClassConditional = isClassConditional });
            int[] hard = [.. Enumerable.Range(0, fresh.Rows).Where(i => classes[i] == 0)];
            return hard.Average(i => sets.Predict(fresh.Row(i), 0.9).Contains(0) ? 1.0 : 0);
        }

        // About 1,000 of the class calibrated on and as many drawn: twice the binomial variance, five standard deviations.
        Assert.InRange(Coverage(isClassConditional: true), 0.9 - 0.07, 0.9 + 0.07);
        Assert.True(Coverage(isClassConditional: false) < 0.8);
    }

    [Fact]
    public void Weights_restore_the_coverage_that_a_covariate_shift_costs()
    {
        // Samples are hard or easy; calibrated on half of each, used where nine in ten are hard.
        var random = new Random(6);
        var (easy, easyLabels) = Draw(random, 2000, scale: 12);
        var (hard, hardLabels) = Draw(random, 2000, scale: 2);
        double[] values = [.. easy.Values.Span, .. hard.Values.Span];
        var logits = new NumericArray(values, 4000, Classes, IsVector: false);
        int[] labels = [.. easyLabels, .. hardLabels];
        double[] weights = [.. Enumerable.Repeat(0.2, 2000), .. Enumerable.Repeat(1.8, 2000)];
        var (plain, weighted) = (PredictionSets.Fit(logits, labels), PredictionSets.Fit(logits, labels, weights: weights));
        var (freshEasy, freshEasyLabels) = Draw(random, 400, scale: 12);
        var (freshHard, freshHardLabels) = Draw(random, 3600, scale: 2);
        double Coverage(PredictionSets sets, bool isWeighted) =>
            (Found(sets, freshEasy, freshEasyLabels, isWeighted ? 0.2 : 1) + Found(sets, freshHard, freshHardLabels, isWeighted ? 1.8 : 1))
            / 4000.0;
        Assert.InRange(Coverage(weighted, isWeighted: true), 0.9 - 0.05, 0.9 + 0.05);
        Assert.True(Coverage(plain, isWeighted: false) < Coverage(weighted, isWeighted: true) - 0.01);

        static int Found(PredictionSets sets, NumericArray logits, int[] labels, double weight) =>
            Enumerable.Range(0, logits.Rows).Count(i => sets.Predict(logits.Row(i), 0.9, weight: weight).Contains(labels[i]));
    }

    [Fact]
    public void Equal_weights_are_none_and_a_sample_of_great_weight_has_the_full_set()
    {
        var random = new Random(7);
        var (logits, labels) = Draw(random, 50);
        var plain = PredictionSets.Fit(logits, labels);
        var weighted = PredictionSets.Fit(logits, labels, weights: [.. Enumerable.Repeat(4.0, 50)]);
        for (var i = 0; i < 50; i++)
            Assert.Equal(plain.Predict(logits.Row(i), 0.7), weighted.Predict(logits.Row(i), 0.7, weight: 4));

        Assert.Equal(Classes, weighted.Predict(logits.Row(0), 0.7, weight: 1e9).Length);
    }

    [Fact]
    public void Too_few_samples_give_the_full_set_and_one_class_gives_itself()
    {
        var (logits, labels) = Draw(new Random(8), 8);
        Assert.Equal(Classes, PredictionSets.Fit(logits, labels).Predict(logits.Row(0), 0.9).Length); // 9 would do
        Assert.True(PredictionSets.Fit(logits, labels).Predict([9, 0, 0, 0], 0.5).Length < Classes);
        var noneOfThree = PredictionSets.Fit(logits, [0, 0, 0, 0, 1, 1, 2, 2], new() { IsClassConditional = true });
        Assert.Contains(3, noneOfThree.Predict([9, 0, 0, 0], 0.5));
        var one = PredictionSets.Fit(new(new double[] { 1, 2, 3 }, 3, 1, false), [0, 0, 0]);
        Assert.Equal([0], one.Predict([5], 0.5));
    }

    [Fact]
    public void Sets_grow_with_the_coverage_and_LACs_are_the_smallest_on_average()
    {
        var random = new Random(9);
        var (logits, labels) = Draw(random, 2000);
        var (fresh, _) = Draw(random, 500);
        var sets = Enum.GetValues<NonconformityScore>().ToDictionary(
            score => score, score => PredictionSets.Fit(logits, labels, new() { Score = score }));
        double Size(NonconformityScore score) => Enumerable.Range(0, 500).Average(i => sets[score].Predict(fresh.Row(i), 0.9).Length);
        Assert.All(sets.Values, own => Assert.True(own.Predict(fresh.Row(0), 0.5).Length <= own.Predict(fresh.Row(0), 0.99).Length));
        Assert.True(Size(NonconformityScore.Lac) < Size(NonconformityScore.Aps));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        var (logits, labels) = Draw(new Random(10), 10);
        Assert.Throws<ArgumentException>(() => PredictionSets.Fit(logits, labels.AsSpan(0, 9)));
        Assert.Throws<ArgumentException>(() => PredictionSets.Fit(logits, labels, weights: [1]));
        Assert.Contains(
            "index 0", Assert.Throws<ArgumentException>(() => PredictionSets.Fit(logits, labels, weights: [-1, .. new double[9]])).Message,
            StringComparison.Ordinal);
        labels[3] = Classes;
        Assert.Contains(
            "index 3", Assert.Throws<ArgumentException>(() => PredictionSets.Fit(logits, labels)).Message, StringComparison.Ordinal);
        labels[3] = 0;
        Assert.Throws<ArgumentOutOfRangeException>(() => PredictionSets.Fit(logits, labels, new() { Penalty = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PredictionSets.Fit(logits, labels, new() { FreeRanks = -1 }));
        var plain = PredictionSets.Fit(logits, labels);
        var drawn = PredictionSets.Fit(logits, labels, new() { Score = NonconformityScore.Aps }, new Random(1));
        Assert.Throws<ArgumentException>(() => plain.Predict([1, 2], 0.9));
        Assert.Throws<ArgumentException>(() => plain.Predict([1, 2, 3, double.NaN], 0.9));
        Assert.Throws<ArgumentOutOfRangeException>(() => plain.Predict([1, 2, 3, 4], 1));
        Assert.Throws<ArgumentException>(() => plain.Predict([1, 2, 3, 4], 0.9, new Random(1)));
        Assert.Throws<ArgumentException>(() => drawn.Predict([1, 2, 3, 4], 0.9));
    }

    /// <summary>Labels drawn by the softmax of the logits; of the hardest class the logits are lowered afterwards.</summary>
    private static (NumericArray Logits, int[] Labels) Draw(Random random, int count, double scale = 3, int hardest = -1)
    {
        var (values, labels) = (new double[count * Classes], new int[count]);
        for (var i = 0; i < count; i++)
        {
            var row = values.AsSpan(i * Classes, Classes);
            for (var c = 0; c < Classes; c++)
                row[c] = scale * random.NextDouble();

            var u = random.NextDouble() * row.ToArray().Sum(Math.Exp);
            while (labels[i] < Classes - 1 && (u -= Math.Exp(row[labels[i]])) > 0)
                labels[i]++;

            if (labels[i] == hardest)
                row[labels[i]] -= 2;
        }

        return (new(values, count, Classes, IsVector: false), labels);
    }

    private static NumericArray First(NumericArray logits, int count) =>
        new(logits.Values[..(count * Classes)], count, Classes, IsVector: false);

    private static double Score(PredictionSetOptions options, double[] row, int y, double u)
    {
        double[] p = [.. row.Select(f => Math.Exp(f) / row.Sum(Math.Exp))];
        var rank = 1 + p.Count(other => other > p[y]);
        return options.Score switch
        {
            NonconformityScore.Lac => 1 - p[y],
            NonconformityScore.Aps => p.Where(other => other > p[y]).Sum() + (u * p[y]),
            _ => p.Where(other => other > p[y]).Sum() + (u * p[y]) + (0.1 * Math.Max(0, rank - 1)),
        };
    }
}

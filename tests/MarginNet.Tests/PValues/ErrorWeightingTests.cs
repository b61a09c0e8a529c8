using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class ErrorWeightingTests
{
    // An easy class with large margins that is rarely wrong, and a hard one with small margins that often is.
    private static readonly double[] Scales = [8, 3];
    private static readonly double[] ErrorRates = [0.02, 0.3];

    [Fact]
    public void The_weighted_p_value_is_its_defining_sum()
    {
        var model = Model(seed: 1);
        var odds = model.Classes.Select(c => (c.MisclassifiedCount + 0.5) / (c.SampleCount + 0.5)).ToArray();
        var total = model.Classes.Sum(c => c.SampleCount);
        for (var margin = 0.0; margin < 60; margin += 0.1)
        {
            for (var predicted = 0; predicted < 2; predicted++)
            {
                var p = model.Score(margin, predicted);
                var weighted = model.Score(margin, predicted, NullKind.ErrorWeighted);
                Assert.Equal(Weigh(p.Lower, predicted), weighted.Lower, 1e-14);
                Assert.Equal(Weigh(p.Upper, predicted), weighted.Upper, 1e-14);
                Assert.Equal(Weigh(p.Mixture, predicted), weighted.Mixture, 1e-14);
                Assert.Equal(Weigh(p.Extrapolated, predicted), weighted.Extrapolated, 1e-14);
                Assert.Equal(0.5 * Weigh(2 * p.Formula, predicted), weighted.Formula, 1e-14);
                Assert.Equal(Weigh(p.Empirical, predicted), weighted.Empirical, 1e-14);
            }
        }

        double Weigh(double p, int predicted) =>
            model.Classes.Select((c, i) => c.SampleCount * Math.Min(1, odds[i] * p / odds[predicted]) / total).Sum();
    }

    [Fact]
    public void Fresh_typical_samples_have_uniform_p_values_whatever_the_null()
    {
        var model = Model(seed: 2);
        var (margins, predicted, labels) = Sample(20_000, seed: 3);
        foreach (var kind in Enum.GetValues<NullKind>())
        {
            double[] sorted = [.. Scores(model, margins, predicted, kind, i => predicted[i] == labels[i]).Order()];
            var distance = sorted.Select((p, i) => Math.Abs(p - ((i + 0.5) / sorted.Length))).Max();
            Assert.InRange(distance, 0, 0.03); // both samples vary: 1.6 √(2/20,000) is about 0.016
        }
    }

    [Fact]
    public void Within_a_class_the_order_stays_that_of_the_margin()
    {
        var model = Model(seed: 4);
        for (var predicted = 0; predicted < 2; predicted++)
        {
            var previous = model.Score(0, predicted, NullKind.ErrorWeighted);
            for (var margin = 0.01; margin < 60; margin *= 1.05)
            {
                var p = model.Score(margin, predicted, NullKind.ErrorWeighted);
                Assert.True(p.Lower >= previous.Lower && p.Empirical >= previous.Empirical, $"fell at {margin}");
                previous = p;
            }
        }
    }

    [Fact]
    public void The_pooled_mixture_separates_exactly_as_the_margin_does()
    {
        var model = Model(seed: 5);
        var (margins, predicted, labels) = Sample(3000, seed: 6);
        double[] right = [.. margins.Where((_, i) => predicted[i] == labels[i])];
        double[] wrong = [.. margins.Where((_, i) => predicted[i] != labels[i])];
        Assert.Equal(DetectionMetrics.Compute(right, wrong).Auroc, Auroc(model, margins, predicted, labels, NullKind.Pooled), 1e-12);
    }

    [Fact]
    public void Weights_find_more_errors_than_the_class_alone_where_classes_differ_in_their_error_rates()
    {
        var model = Model(seed: 7);
        var (margins, predicted, labels) = Sample(20_000, seed: 8);
        Assert.True(Auroc(
            model, margins, predicted, labels, NullKind.ErrorWeighted) > Auroc(model, margins, predicted, labels, NullKind.Class) + 0.02);
    }

    [Fact]
    public void A_weighted_threshold_is_one_of_the_class_itself()
    {
        var model = Model(seed: 9);
        foreach (var threshold in new[] { 0.001, 0.01, 0.3 })
        {
            var rule = new FlagRule(NullKind.ErrorWeighted, PValueTail.Empirical, new(threshold, default, default));
            for (var predicted = 0; predicted < 2; predicted++)
            {
                var own = model.ClassThreshold(rule, predicted);
                for (var margin = 0.0; margin < 60; margin += 0.1)
                    if (Math.Abs(model.Score(margin, predicted).Empirical - own) > 1e-9)
                        Assert.Equal(
                            model.Score(margin, predicted).Empirical < own,
                            rule.Flags(model.Score(margin, predicted, NullKind.ErrorWeighted)));
            }
        }
    }

    [Fact]
    public void Classes_with_equal_odds_keep_their_p_values()
    {
        double[] margins = [.. Enumerable.Range(1, 100).Select(i => (double)i)];
        int[] predicted = [.. margins.Select((_, i) => i % 2)];
        var model = MarginNullModel.Fit(margins, predicted, predicted, 2);
        for (var margin = 0.0; margin < 120; margin++)
            Assert.Equal(model.Score(margin, 1).Lower, model.Score(margin, 1, NullKind.ErrorWeighted).Lower, 1e-14);
    }

    private static double Auroc(MarginNullModel model, double[] margins, int[] predicted, int[] labels, NullKind kind) =>
        DetectionMetrics.Compute(
            Scores(model, margins, predicted, kind, i => predicted[i] == labels[i]),
            Scores(model, margins, predicted, kind, i => predicted[i] != labels[i])).Auroc;

    private static double[] Scores(MarginNullModel model, double[] margins, int[] predicted, NullKind kind, Func<int, bool> choose) =>
        [.. Enumerable.Range(0, margins.Length).Where(choose).Select(i => model.Score(margins[i], predicted[i], kind).Mixture)];

    private static MarginNullModel Model(int seed)
    {
        var (margins, predicted, labels) = Sample(20_000, seed);
        return MarginNullModel.Fit(margins, predicted, labels, 2);
    }

    private static (double[] Margins, int[] Predicted, int[] Labels) Sample(int count, int seed)
    {
        var random = new Random(seed);
        var (margins, predicted, labels) = (new double[count], new int[count], new int[count]);
        for (var i = 0; i < count; i++)
        {
            predicted[i] = random.Next(2);
            var isWrong = random.NextDouble() < ErrorRates[predicted[i]];
            labels[i] = isWrong ? 1 - predicted[i] : predicted[i];
            margins[i] = Scales[predicted[i]] * Math.Exp((0.6 * random.Normal()) - (isWrong ? 0.8 : 0));
        }

        return (margins, predicted, labels);
    }
}

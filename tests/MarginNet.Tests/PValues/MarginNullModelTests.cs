using MarginNet.PValues;

namespace MarginNet.Tests.PValues;

public sealed class MarginNullModelTests
{
    private const int Classes = 4;
    private static readonly GaussianMixture LogMargins = new(new(0.1, -0.5, 0.9), new(0.3, 1.4, 0.5), new(0.6, 2.3, 0.25));

    [Fact]
    public void The_formula_is_between_0_and_a_half_and_the_other_p_values_between_0_and_1()
    {
        var (model, margins, _) = Calibrated(4000);
        foreach (var margin in margins.Concat([0, 1e-300, 1e300]))
        {
            var p = model.Pooled.Score(margin);
            Assert.InRange(p.Formula, 0, 0.5);
            Assert.InRange(p.TwoSided, 0, 1);
            Assert.InRange(p.Mixture, 0, 1);
            Assert.InRange(p.Extrapolated, 0, p.Lower);
            Assert.InRange(p.Lower, 1.0 / (margins.Length + 1), p.Empirical);
            Assert.InRange(p.Upper, 1.0 / (margins.Length + 1), 1);
            Assert.InRange(p.Empirical, 1.0 / (margins.Length + 1), 1);
        }
    }

    [Fact]
    public void The_mixtures_own_p_values_are_those_of_the_mixture()
    {
        var (model, margins, predicted) = Calibrated(4000);
        for (var i = 0; i < margins.Length; i++)
        {
            var p = model.Score(margins[i], predicted[i]);
            var mixture = model.Classes[predicted[i]].Distribution.Fit.Mixture;
            var x = Math.Log(margins[i]);
            var formula = mixture.Components.Sum(c => c.Weight * Normal.LowerTail(-Math.Abs(x - c.Mean) / c.StandardDeviation));
            Assert.Equal(1, p.Mixture / mixture.LowerTail(x), 1e-12);
            Assert.Equal(1, p.Formula / formula, 1e-12);
            Assert.Equal(x, p.LogMargin);
        }
    }

    // Σ w erfc(|m − x|/(σ√2))/2 with 40 digits by mpmath, for the mixture above.
    [Theory]
    [InlineData(-25, 1.7724481354076212e-164)]
    [InlineData(-3, 0.00027366017862441474)]
    [InlineData(0, 0.029692275174525583)]
    [InlineData(1.4, 0.15183360328520594)]
    [InlineData(4, 5.8561574713246312e-8)]
    [InlineData(10, 9.4335875952114655e-33)]
    public void The_formula_is_exact_to_a_relative_1e_minus_11_in_both_far_tails(double logMargin, double expected)
    {
        var distribution = new NullDistribution(new GaussianMixtureFit(1, [new(LogMargins, 0, 0, 1, true)]), [1.0]);

        // exp and log move x by an ulp or two, which a tail at z = 27 magnifies.
        Assert.Equal(1, distribution.Score(Math.Exp(logMargin)).Formula / expected, 1e-11);
    }

    [Fact]
    public void The_lower_p_values_never_fall_and_the_upper_one_never_rises_with_the_margin()
    {
        var (model, _, _) = Calibrated(4000);
        var previous = model.Pooled.Score(0);
        for (var margin = 1e-6; margin < 100; margin *= 1.02)
        {
            var p = model.Pooled.Score(margin);
            Assert.True(p.Lower >= previous.Lower && p.Empirical >= previous.Empirical, $"fell at {margin}");
            Assert.True(p.Extrapolated >= previous.Extrapolated && p.Mixture >= previous.Mixture, $"fell at {margin}");
            Assert.True(p.Upper <= previous.Upper, $"rose at {margin}");
            previous = p;
        }
    }

    [Fact]
    public void A_margin_of_zero_has_the_smallest_p_value_by_rank_and_zero_of_the_mixture()
    {
        var (model, margins, _) = Calibrated(4000);
        var smallest = 1.0 / (margins.Length + 1);
        Assert.Equal(smallest, model.Pooled.SmallestPValue);
        Assert.Equal(new MarginPValue(double.NegativeInfinity, smallest, 1, smallest, 0, 0, 0), model.Pooled.Score(0));
    }

    [Fact]
    public void At_a_calibration_margin_the_lower_tail_is_its_rank_and_between_two_it_lies_between_theirs()
    {
        double[] margins = [.. Calibrated(40).Margins.Order()];
        var pooled = Calibrated(40).Model.Pooled;
        for (var k = 1; k <= 39; k++)
        {
            Assert.Equal(k / 41.0, pooled.Score(margins[k - 1]).Lower, 1e-12);
            Assert.Equal((41 - k) / 41.0, pooled.Score(margins[k - 1]).Upper, 1e-12);
            var between = pooled.Score(Math.Sqrt(margins[k - 1] * margins[k]));
            Assert.InRange(between.Lower, (k + 0.5 - 1e-9) / 41, (k + 1) / 41.0); // half of the gap in logarithms, at least
            Assert.InRange(between.Upper, (40 - k + 0.5 - 1e-9) / 41, (41 - k) / 41.0);
            Assert.Equal((k + 1) / 41.0, between.Empirical, 1e-12);
        }

        Assert.Equal(1 / 41.0, pooled.Score(margins[0] / 2).Lower);
        Assert.Equal(1 / 41.0, pooled.Score(margins[^1] * 2).Upper);
    }

    [Fact]
    public void Margins_that_repeat_are_not_interpolated_but_counted_against_the_sample()
    {
        var pooled = MarginNullModel.Fit([1.0, 2, 2, 3, 4], new int[5], new int[5], 1).Pooled;
        Assert.Equal(4.0 / 6, pooled.Score(2).Lower); // #{≤ 2} = 3
        Assert.Equal(4.0 / 6, pooled.Score(2.9).Lower);
        Assert.Equal(5.0 / 6, pooled.Score(2).Upper); // #{≥ 2} = 4
        Assert.Equal(2.0 / 6, pooled.Score(3.5).Upper);
    }

    [Fact]
    public void Calibration_margins_of_zero_raise_the_smallest_p_value_and_what_is_below_all_others_has_it()
    {
        var pooled = MarginNullModel.Fit([0.0, 0, 1, 2, 3], new int[5], new int[5], 1).Pooled;
        Assert.Equal(3.0 / 6, pooled.SmallestPValue);
        Assert.Equal(3.0 / 6, pooled.Score(0).Lower);
        Assert.Equal(3.0 / 6, pooled.Score(0.5).Lower);
        Assert.Equal(3.0 / 6, pooled.Score(0.5).Extrapolated); // Nothing is below what was seen.
        Assert.Equal(1, pooled.Score(0).Upper);
    }

    [Fact]
    public void The_extrapolated_tail_leaves_the_lower_one_at_the_smallest_calibration_margin_in_proportion_to_the_mixture()
    {
        var (model, margins, _) = Calibrated(400);
        var (pooled, smallest) = (model.Pooled, margins.Min());
        Assert.Equal(pooled.Score(smallest).Lower, pooled.Score(smallest).Extrapolated, 1e-12);
        var below = pooled.Score(smallest / 3);
        Assert.Equal(1.0 / 401, below.Lower);
        Assert.Equal(below.Mixture / pooled.Score(smallest).Mixture / 401, below.Extrapolated, 1e-15);
        Assert.Equal(pooled.Score(2).Lower, pooled.Score(2).Extrapolated);
    }

    [Fact]
    public void The_two_sided_p_value_is_twice_the_smaller_tail_but_at_most_1()
    {
        var pooled = Calibrated(300).Model.Pooled;
        foreach (var margin in new[] { 0, 0.5, 3, 8, 1e3 })
        {
            var p = pooled.Score(margin);
            Assert.Equal(Math.Min(1, 2 * Math.Min(p.Lower, p.Upper)), p.TwoSided);
        }
    }

    [Theory]
    [InlineData(PValueTail.Lower)]
    [InlineData(PValueTail.TwoSided)]
    [InlineData(PValueTail.Empirical)]
    public void The_level_is_kept_on_average_over_calibrations_whatever_the_number_of_samples_and_their_distribution(PValueTail tail)
    {
        Func<Random, double>[] shapes =
        [
            random => Math.Abs(random.Normal()),
            random => Math.Exp(random.NextDouble() < 0.3 ? -3 + (0.5 * random.Normal()) : 0.7 * random.Normal()),
            random => Math.Round(Math.Exp(random.Normal()), 1),
        ];
        foreach (var draw in shapes)
        {
            const int Calibrations = 300, Fresh = 200;
            var flagged = new int[2];
            for (var r = 0; r < Calibrations; r++)
            {
                var random = new Random(r);
                var pooled = Fit(Enumerable.Range(0, 30).Select(_ => draw(random)));
                foreach (var p in Enumerable.Range(0, Fresh).Select(_ => pooled.Score(draw(random)).Of(tail)))
                {
                    flagged[0] += p <= 0.1 ? 1 : 0;
                    flagged[1] += p <= 0.01 ? 1 : 0;
                }
            }

            // The share below the third of 30 has a standard deviation of 0.053; four of them over the calibrations.
            Assert.InRange(flagged[0] / (double)(Calibrations * Fresh), 0, 0.1 + (4 * 0.053 / Math.Sqrt(Calibrations)));
            Assert.InRange(flagged[1], 0, tail == PValueTail.TwoSided || flagged[1] == 0 ? 0 : 0.01 * Calibrations * Fresh);
        }

        static NullDistribution Fit(IEnumerable<double> margins) =>
            MarginNullModel.Fit([.. margins], new int[30], new int[30], 1, new() { FitTestDraws = 0 }).Pooled;
    }

    [Fact]
    public void Broken_ties_make_p_values_by_rank_exactly_uniform_and_depend_on_the_seed_alone()
    {
        // Rounded to one of three values: without draws, p-values are 1/4 apart or more.
        const int Calibrations = 4000;
        var p = new double[Calibrations];
        for (var r = 0; r < Calibrations; r++)
        {
            var random = new Random(r);
            double[] margins = [.. Enumerable.Range(0, 11).Select(_ => 1.0 + random.Next(3))];
            var model = MarginNullModel.Fit(margins.AsSpan(0, 10), new int[10], new int[10], 1, new() { FitTestDraws = 0 });
            var drawn = model.Score(margins[10], 0, ties: new Random(-r));
            Assert.Equal(drawn, model.Score(margins[10], 0, ties: new Random(-r)));
            Assert.Equal(1, drawn.Lower + drawn.Upper, 1e-12);
            p[r] = drawn.Lower;
        }

        Assert.InRange(NullDistribution.Distance([.. p.Order()]), 0, 2 / Math.Sqrt(Calibrations)); // Kolmogorov's 99.9 % is 1.95/√n.
    }

    [Fact]
    public void The_empirical_p_value_counts_the_calibration_margins_at_or_below()
    {
        var model = MarginNullModel.Fit([1.0, 2, 2, 3, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0], 1);
        Assert.Equal(2.0 / 6, model.Score(0, 0).Empirical);
        Assert.Equal(2.0 / 6, model.Score(0.5, 0).Empirical);
        Assert.Equal(5.0 / 6, model.Score(2, 0).Empirical);
        Assert.Equal(1, model.Score(99, 0).Empirical);
    }

    [Fact]
    public void Empirical_p_values_of_fresh_samples_are_valid_at_every_level()
    {
        var (model, _, _) = Calibrated(5000);
        var fresh = Draws.From(LogMargins, 5000, seed: 77).Select(x => model.Pooled.Score(Math.Exp(x)).Empirical).ToArray();
        foreach (var level in new[] { 0.01, 0.05, 0.1, 0.5 })
        {
            // Both samples vary: five standard deviations of the difference.
            var slack = 5 * Math.Sqrt(2 * level * (1 - level) / 5000);
            Assert.InRange(fresh.Count(p => p <= level) / 5000.0, level - slack, level + slack);
        }
    }

    [Fact]
    public void The_mixtures_tail_is_uniform_on_what_it_was_fitted_to_and_not_at_a_hard_edge()
    {
        var (model, _, _) = Calibrated(5000);
        Assert.All(model.Classes, c => Assert.InRange(c.KolmogorovSmirnov, 0, 0.03));

        var random = new Random(5);
        double[] edge = [.. Enumerable.Range(0, 5000).Select(i => i < 2500 ? 50 : 50 + (5 * random.NextDouble()))];
        Assert.True(MarginNullModel.Fit(edge, new int[5000], new int[5000], 1).Pooled.KolmogorovSmirnov > 0.1);
    }

    [Fact]
    public void The_Kolmogorov_Smirnov_distance_is_the_largest_gap_between_the_p_values_and_their_ranks()
    {
        var (model, _, _) = Calibrated(200);
        var sorted = model.Pooled.Margins.ToArray().Select(margin => model.Pooled.Score(margin).Mixture).Order().ToArray();
        var expected = sorted.Select((p, i) => Math.Max(p - (i / (double)sorted.Length), ((i + 1) / (double)sorted.Length) - p)).Max();
        Assert.Equal(expected, model.Pooled.KolmogorovSmirnov, 1e-15);
    }

    [Fact]
    public void Misclassified_samples_are_left_out_and_counted()
    {
        var (model, margins, predicted) = Calibrated(2000);
        var labels = predicted.ToArray();
        labels = [.. labels, 1, 2];
        var more = MarginNullModel.Fit([.. margins, 1e9, 1e-9], [.. predicted, 0, 0], labels, Classes);
        Assert.Equal(2, more.MisclassifiedCount);
        Assert.Equal(2, more.Classes[0].MisclassifiedCount);
        Assert.Equal(model.Score(3, 0), more.Score(3, 0));
    }

    [Fact]
    public void Zero_margins_are_left_out_of_the_mixture_and_counted()
    {
        var (model, margins, predicted) = Calibrated(2000);
        var more = MarginNullModel.Fit([0, .. margins, 0], [1, .. predicted, 1], [1, .. predicted, 1], Classes);
        Assert.Equal(2, more.Classes[1].ZeroCount);
        Assert.Equal(2, more.Pooled.ZeroCount);
        Assert.Equal(0, more.Classes[0].ZeroCount);
        Assert.Equal(model.Classes[1].SampleCount + 2, more.Classes[1].SampleCount);
        Assert.Equal(model.Classes[1].Distribution.Fit.Mixture, more.Classes[1].Distribution.Fit.Mixture);
    }

    [Fact]
    public void A_class_with_too_few_samples_is_scored_by_the_pooled_distribution_and_says_so()
    {
        var (_, margins, predicted) = Calibrated(2000);
        var model = MarginNullModel.Fit([.. margins, 1, 2], [.. predicted, 5, 5], [.. predicted, 5, 5], 6);
        Assert.False(model.Classes[0].IsPooled);
        Assert.True(model.Classes[5].IsPooled);
        Assert.Equal(2, model.Classes[5].SampleCount);
        Assert.Equal(model.Pooled.Score(1.5), model.Score(1.5, 5));

        Assert.True(model.Classes[4].IsPooled);
        Assert.Equal(0, model.Classes[4].SampleCount);
        Assert.True(double.IsNaN(model.Classes[4].KolmogorovSmirnov));
    }

    [Fact]
    public void The_order_of_the_samples_does_not_matter()
    {
        var (model, margins, predicted) = Calibrated(3000);
        var reversed = MarginNullModel.Fit([.. margins.Reverse()], [.. predicted.Reverse()], [.. predicted.Reverse()], Classes);
        for (var c = 0; c < Classes; c++)
            Assert.Equal(model.Score(2.5, c), reversed.Score(2.5, c));
    }

    [Fact]
    public void Single_precision_margins_are_widened()
    {
        float[] margins = [.. Calibrated(500).Margins.Select(margin => (float)margin)];
        var labels = new int[margins.Length];
        var narrow = MarginNullModel.Fit(margins, labels, labels, 1);
        var wide = MarginNullModel.Fit([.. margins.Select(margin => (double)margin)], labels, labels, 1);
        Assert.Equal(wide.Score(2, 0), narrow.Score(2, 0));
    }

    [Fact]
    public void A_batch_is_scored_like_its_samples()
    {
        var (model, margins, predicted) = Calibrated(1000);
        var scores = new MarginPValue[margins.Length];
        model.Score(margins, predicted, scores);
        for (var i = 0; i < margins.Length; i++)
            Assert.Equal(model.Score(margins[i], predicted[i]), scores[i]);
    }

    [Fact]
    public void Scoring_allocates_nothing()
    {
        var (model, margins, predicted) = Calibrated(1000);
        var scores = new MarginPValue[margins.Length];
        model.Score(margins, predicted, scores);
        scores[0] = model.Score(1, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        model.Score(margins, predicted, scores);
        scores[0] = model.Score(1, 0);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_margin_that_is_none_is_named_by_its_index(double bad)
    {
        var (model, _, _) = Calibrated(500);
        var scores = new MarginPValue[3];
        var error = Assert.Throws<ArgumentException>(() => model.Score([1, 2, bad], [0, 0, 0], scores));
        Assert.Contains("index 2", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => MarginNullModel.Fit([1, 2, bad], [0, 0, 0], [0, 0, 0], 1));
        Assert.Contains("index 2", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.Score(bad, 0));
    }

    [Fact]
    public void A_rule_flags_p_values_at_or_below_its_threshold()
    {
        var rule = new FlagRule(NullKind.Class, PValueTail.TwoSided, new(0.1, default, default));
        Assert.True(rule.Flags(new MarginPValue(0, 1, 0.05, 1, 1, 1, 0)));
        Assert.False(rule.Flags(new MarginPValue(0, 0.0501, 1, 0, 0, 0, 0)));
    }

    [Fact]
    public void A_calibrated_rule_flags_a_share_alpha_of_the_calibration_samples_and_says_how_many()
    {
        var (model, margins, predicted) = Calibrated(4000);
        foreach (var kind in Enum.GetValues<NullKind>())
        {
            foreach (var tail in Enum.GetValues<PValueTail>())
            {
                var rule = FlagRule.Calibrate(model, 0.05, kind, tail);
                var flagged = Enumerable.Range(0, margins.Length).Count(i => rule.Flags(model.Score(margins[i], predicted[i], kind)));
                Assert.Equal(new(flagged, 4000), rule.Threshold.FalsePositives);
                Assert.InRange(flagged, 190, 201);
                Assert.Equal(tail is not (PValueTail.Formula or PValueTail.Mixture), rule.Threshold.Value == 0.05);
            }
        }

        Assert.Equal(double.NegativeInfinity, FlagRule.Calibrate(model, 1e-4, tail: PValueTail.Formula).Threshold.Value);
        Assert.Throws<ArgumentOutOfRangeException>(() => FlagRule.Calibrate(model, 1));
    }

    [Fact]
    public void A_rule_of_the_formula_flags_a_share_alpha_of_fresh_samples_on_average()
    {
        const int Calibrations = 200, Count = 59;
        var flagged = 0;
        for (var r = 0; r < Calibrations; r++)
        {
            var margins = Draws.From(LogMargins, 1059, seed: r).Select(Math.Exp).ToArray();
            var model = MarginNullModel.Fit(margins.AsSpan(0, Count), new int[Count], new int[Count], 1, new() { FitTestDraws = 0 });
            var rule = FlagRule.Calibrate(model, 0.05, tail: PValueTail.Mixture);
            flagged += margins[Count..].Count(margin => rule.Flags(model.Score(margin, 0)));
        }

        // The third of 59: 3/60, with a standard deviation of 0.028 each.
        Assert.InRange(
            flagged / (Calibrations * 1000.0), 0.05 - (4 * 0.028 / Math.Sqrt(Calibrations)), 0.05 + (4 * 0.028 / Math.Sqrt(Calibrations)));
    }

    [Fact]
    public void A_class_that_is_none_is_rejected()
    {
        var (model, _, _) = Calibrated(500);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Score(1, Classes));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Score(1, -1));
        Assert.Throws<ArgumentException>(() => MarginNullModel.Fit([1.0], [3], [3], 3));
        Assert.Throws<ArgumentException>(() => MarginNullModel.Fit([1.0, 2], [0], [0], 1));
    }

    [Fact]
    public void Samples_without_one_positive_correct_margin_cannot_calibrate()
    {
        Assert.Throws<InvalidDataException>(() => MarginNullModel.Fit([0.0, 5], [0, 0], [0, 1], 2));
        Assert.Throws<InvalidDataException>(() => MarginNullModel.Fit(ReadOnlySpan<double>.Empty, [], [], 2));
    }

    private static (MarginNullModel Model, double[] Margins, int[] Predicted) Calibrated(int count)
    {
        double[] margins = [.. Draws.From(LogMargins, count, seed: count).Select(Math.Exp)];
        int[] predicted = [.. Enumerable.Range(0, count).Select(i => i % Classes)];
        return (MarginNullModel.Fit(margins, predicted, predicted, Classes), margins, predicted);
    }
}

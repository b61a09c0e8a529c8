using MarginNet.Detection;

namespace MarginNet.Tests.Detection;

public sealed class DetectionMetricsTests
{
    private static readonly double[] Typical = [0.9, 0.8, 0.8, 0.7, 0.7, 0.7, 0.6, 0.55, 0.4, 0.3, 0.95, 0.85];
    private static readonly double[] Atypical = [0.8, 0.5, 0.4, 0.4, 0.3, 0.2, 0.1, 0.65, 0.6];

    [Fact]
    public void Metrics_are_those_of_scikit_learn_on_scores_with_ties()
    {
        // roc_auc_score, average_precision_score both ways and roc_curve(drop_intermediate=False) of scikit-learn 1.2.1.
        var metrics = DetectionMetrics.Compute(Typical, Atypical);
        Assert.Equal(0.8055555555555555, metrics.Auroc, 1e-12);
        Assert.Equal(0.8442668227884947, metrics.AuprIn, 1e-12);
        Assert.Equal(0.747955747955748, metrics.AuprOut, 1e-12);
        Assert.Equal(0.75, metrics.FprAt95Tpr, 1e-12);
    }

    [Fact]
    public void Areas_under_risk_coverage_curves_are_those_of_FD_Shifts()
    {
        // The trapezoids between the points of selective_risk_stats and generalized_risk_stats in fd_shifts/analysis/rc_stats_utils.py,
        // commit c4467ae.
        var metrics = DetectionMetrics.Compute(Typical, Atypical);
        Assert.Equal(0.20231858375378947, metrics.Aurc, 1e-12);
        Assert.Equal(0.09352760543117394, metrics.ExcessAurc, 1e-12);
        Assert.Equal(0.13945578231292519, metrics.Augrc, 1e-12);
        var (typical, atypical) = FewValues();
        metrics = DetectionMetrics.Compute(typical, atypical);
        Assert.Equal(0.19677305275872473, metrics.Aurc, 1e-12);
        Assert.Equal(0.13374979149750096, metrics.ExcessAurc, 1e-12);
        Assert.Equal(0.12511477777777777, metrics.Augrc, 1e-12);
    }

    [Fact]
    public void Metrics_are_those_of_scikit_learn_on_many_scores_of_few_values()
    {
        var (typical, atypical) = FewValues();
        var metrics = DetectionMetrics.Compute(typical, atypical);
        Assert.Equal(0.6869835, metrics.Auroc, 1e-12);
        Assert.Equal(0.8233443239294634, metrics.AuprIn, 1e-12);
        Assert.Equal(0.5813244460138616, metrics.AuprOut, 1e-12);
        Assert.Equal(0.7465, metrics.FprAt95Tpr, 1e-12);
    }

    [Fact]
    public void Auroc_is_the_share_of_ordered_pairs_with_ties_counting_a_half()
    {
        var pairs = from t in Typical from a in Atypical select t > a ? 1 : t == a ? 0.5 : 0;
        Assert.Equal(pairs.Average(), DetectionMetrics.Compute(Typical, Atypical).Auroc, 1e-15);
    }

    [Fact]
    public void A_monotone_change_of_the_scores_changes_nothing() =>
        Assert.Equal(
            DetectionMetrics.Compute(Typical, Atypical),
            DetectionMetrics.Compute([.. Typical.Select(s => Math.Log(s) * 7)], [.. Atypical.Select(s => Math.Log(s) * 7)]));

    [Fact]
    public void Swapping_the_sides_and_the_sign_swaps_the_precision_recall_curves_and_keeps_the_area()
    {
        var plain = DetectionMetrics.Compute(Typical, Atypical);
        var swapped = DetectionMetrics.Compute([.. Atypical.Select(s => -s)], [.. Typical.Select(s => -s)]);
        Assert.Equal(plain.Auroc, swapped.Auroc, 1e-15);
        Assert.Equal(plain.AuprIn, swapped.AuprOut, 1e-15);
        Assert.Equal(plain.AuprOut, swapped.AuprIn, 1e-15);
    }

    [Fact]
    public void Separated_samples_are_told_apart_without_error()
    {
        var metrics = DetectionMetrics.Compute([1, 2, double.PositiveInfinity], [double.NegativeInfinity, 0]);
        Assert.Equal((1, 1, 1, 0), (metrics.Auroc, metrics.AuprIn, metrics.AuprOut, metrics.FprAt95Tpr));
        Assert.Equal(0.2 * ((1.0 / 4 / 2) + ((1.0 / 4) + (2.0 / 5)) / 2), metrics.Aurc, 1e-15); // the risks 0, 0, 0, 1/4, 2/5
        Assert.Equal(0.4 * 0.4 / 2, metrics.Augrc, 1e-15);
    }

    [Fact]
    public void A_constant_score_tells_nothing_apart()
    {
        var metrics = DetectionMetrics.Compute([3, 3, 3], [3]);
        Assert.Equal(0.5, metrics.Auroc);
        Assert.Equal(1, metrics.FprAt95Tpr);
    }

    [Fact]
    public void A_constant_score_risks_the_error_rate_at_any_coverage()
    {
        var metrics = DetectionMetrics.Compute([3, 3, 3], [3]);
        Assert.Equal(0.25, metrics.Aurc, 1e-15);
        Assert.Equal(0.125, metrics.Augrc, 1e-15);
        Assert.Equal([(0, 0.25), (1, 0.25)], RiskCoverageCurve.Compute([3, 3, 3], [3]));
    }

    [Fact]
    public void A_perfect_order_of_many_samples_has_no_excess_and_a_reversed_one_the_most()
    {
        const int Count = 20_000;
        double[] right = [.. Enumerable.Range(0, Count).Select(i => 1.0 + i)];
        double[] wrong = [.. Enumerable.Range(0, Count / 4).Select(i => -1.0 - i)];
        var perfect = DetectionMetrics.Compute(right, wrong);
        Assert.Equal(0, perfect.ExcessAurc, 1e-4); // of the order 1/n
        Assert.Equal(0.2 * 0.2 / 2, perfect.Augrc, 1e-12);
        // Reversed, the risk at coverage c is 1 up to e, and e/c from there on.
        var reversed = DetectionMetrics.Compute(wrong, right);
        Assert.Equal(0.8 + (0.8 * Math.Log(1 / 0.8)), reversed.Aurc, 1e-4);
    }

    [Fact]
    public void In_random_order_the_expected_areas_are_those_of_a_constant_score()
    {
        var random = new Random(5);
        var drawn = Enumerable.Range(0, 2000).Select(_ =>
        {
            double[] scores = [.. Enumerable.Range(0, 20).Select(_ => random.NextDouble())];
            return DetectionMetrics.Compute(scores.AsSpan(0, 15), scores.AsSpan(15));
        }).ToArray();
        // Within five standard errors.
        Near(0.25, [.. drawn.Select(m => m.Aurc)]);
        Near(0.125, [.. drawn.Select(m => m.Augrc)]);

        static void Near(double expected, double[] values) => Assert.Equal(
            expected, values.Average(),
            5 * Math.Sqrt((values.Average(v => v * v) - (values.Average() * values.Average())) / values.Length));
    }

    [Fact]
    public void With_ties_the_generalized_area_is_the_mean_over_every_order_of_what_ties()
    {
        // Three right and two wrong decisions; scores 2 and 1 are shared. Each of the orders of five samples that agree with the scores.
        double[] right = [2, 2, 1];
        double[] wrong = [2, 1];
        var samples = right.Select(score => (Score: score, IsWrong: 0)).Concat(wrong.Select(score => (Score: score, IsWrong: 1))).ToArray();
        var areas = Orders([.. samples]).Where(order => order.Zip(order.Skip(1)).All(pair => pair.First.Score >= pair.Second.Score))
            .Select(order => Enumerable.Range(0, 5).Average(k => (order.Take(k).Sum(s => s.IsWrong) + (order[k].IsWrong / 2.0)) / 5));
        Assert.Equal(areas.Average(), DetectionMetrics.Compute(right, wrong).Augrc, 1e-15);

        static IEnumerable<(double Score, int IsWrong)[]> Orders((double Score, int IsWrong)[] of) => of.Length == 0
            ? [[]]
            : Enumerable.Range(0, of.Length).SelectMany(
                i => Orders([.. of[..i], .. of[(i + 1)..]]).Select(rest => ((double, int)[])[of[i], .. rest]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Areas_are_those_under_the_curve_by_brute_force(int seed)
    {
        var random = new Random(seed);
        double[] right = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => (double)random.Next(4))];
        double[] wrong = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => (double)random.Next(4))];
        var (n, thresholds) = (right.Length + wrong.Length, right.Concat(wrong).Distinct().OrderDescending().ToArray());
        var points = thresholds.Select(t => (
            Accepted: right.Count(s => s >= t) + wrong.Count(s => s >= t), Wrong: (double)wrong.Count(s => s >= t))).ToArray();
        var curve = points.Select(point => (Coverage: (double)point.Accepted / n, Risk: point.Wrong / point.Accepted)).ToArray();
        Assert.Equal([(0, curve[0].Risk), .. curve], RiskCoverageCurve.Compute(right, wrong));
        var metrics = DetectionMetrics.Compute(right, wrong);
        Assert.Equal(Area([(0, curve[0].Risk), .. curve]), metrics.Aurc, 1e-12);
        Assert.Equal(Area([(0, 0), .. points.Select(point => ((double)point.Accepted / n, point.Wrong / n))]), metrics.Augrc, 1e-12);

        static double Area((double X, double Y)[] points) =>
            points.Zip(points.Skip(1), (a, b) => (b.X - a.X) * (a.Y + b.Y) / 2).Sum();
    }

    [Fact]
    public void Ninety_five_percent_are_enough_for_the_false_positive_rate()
    {
        double[] atypical = [.. Enumerable.Range(1, 19).Select(i => -(double)i), 100];
        Assert.Equal(0, DetectionMetrics.Compute([1, 2], atypical).FprAt95Tpr);
        Assert.Equal(1, DetectionMetrics.Compute([1, 2], [.. atypical, 100]).FprAt95Tpr);
    }

    [Fact]
    public void Bootstrap_intervals_hold_the_metrics_narrow_with_more_samples_and_depend_on_the_seed_alone()
    {
        var (typical, atypical) = FewValues();
        var report = DetectionReport.Compute(typical, atypical, resamples: 400, seed: 3);
        Assert.Equal(DetectionMetrics.Compute(typical, atypical), report.Metrics);
        Assert.Equal((2000, 1000), (report.TypicalCount, report.AtypicalCount));
        Assert.InRange(report.Metrics.Auroc, report.Auroc.Low, report.Auroc.High);
        Assert.InRange(report.Metrics.AuprIn, report.AuprIn.Low, report.AuprIn.High);
        Assert.InRange(report.Metrics.AuprOut, report.AuprOut.Low, report.AuprOut.High);
        Assert.InRange(report.Metrics.FprAt95Tpr, report.FprAt95Tpr.Low, report.FprAt95Tpr.High);
        Assert.InRange(report.Metrics.Aurc, report.Aurc.Low, report.Aurc.High);
        Assert.InRange(report.Metrics.ExcessAurc, report.ExcessAurc.Low, report.ExcessAurc.High);
        Assert.InRange(report.Metrics.Augrc, report.Augrc.Low, report.Augrc.High);
        Assert.Equal(report, DetectionReport.Compute(typical, atypical, resamples: 400, seed: 3));
        Assert.NotEqual(report, DetectionReport.Compute(typical, atypical, resamples: 400, seed: 4));

        var few = DetectionReport.Compute(typical.AsSpan(0, 200), atypical.AsSpan(0, 100), resamples: 400);
        Assert.True(few.Auroc.High - few.Auroc.Low > 2 * (report.Auroc.High - report.Auroc.Low));
    }

    [Fact]
    public void The_bootstrap_interval_of_the_area_is_about_that_of_its_standard_error()
    {
        // Hanley and McNeil 1982: the standard error of the area from the scores' placements (DeLong's form).
        var (typical, atypical) = FewValues();
        var report = DetectionReport.Compute(typical, atypical, resamples: 1000);
        var byTypical = typical.Select(t => atypical.Average(a => t > a ? 1 : t == a ? 0.5 : 0)).ToArray();
        var byAtypical = atypical.Select(a => typical.Average(t => t > a ? 1 : t == a ? 0.5 : 0)).ToArray();
        var error = Math.Sqrt((Variance(byTypical) / typical.Length) + (Variance(byAtypical) / atypical.Length));
        Assert.Equal(2 * 1.96, (report.Auroc.High - report.Auroc.Low) / error, 0.5);

        static double Variance(double[] values) => values.Average(v => v * v) - Math.Pow(values.Average(), 2);
    }

    [Fact]
    public void Scores_that_are_none_are_rejected()
    {
        Assert.Throws<ArgumentException>(() => DetectionMetrics.Compute([], [1]));
        Assert.Throws<ArgumentException>(() => DetectionMetrics.Compute([1], []));
        Assert.Contains(
            "index 1",
            Assert.Throws<ArgumentException>(() => DetectionMetrics.Compute([1], [0, double.NaN])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => DetectionReport.Compute([1], [0], level: 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => DetectionReport.Compute([1], [0], resamples: 0));
    }

    private static (double[] Typical, double[] Atypical) FewValues()
    {
        // The linear congruential generator of the C standard's example, so that another language can draw the same.
        var state = 1L;
        var scores = new double[3000];
        for (var i = 0; i < scores.Length; i++)
        {
            state = ((1103515245 * state) + 12345) % (1L << 31);
            scores[i] = (state >> 16) % 100;
        }

        return ([.. scores[..2000].Select(s => s + 20)], scores[2000..]);
    }
}

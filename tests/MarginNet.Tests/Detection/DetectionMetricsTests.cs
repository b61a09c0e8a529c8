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
    public void Separated_samples_are_told_apart_without_error() =>
        Assert.Equal(
            new DetectionMetrics(1, 1, 1, 0), DetectionMetrics.Compute([1, 2, double.PositiveInfinity], [double.NegativeInfinity, 0]));

    [Fact]
    public void A_constant_score_tells_nothing_apart()
    {
        var metrics = DetectionMetrics.Compute([3, 3, 3], [3]);
        Assert.Equal(0.5, metrics.Auroc);
        Assert.Equal(1, metrics.FprAt95Tpr);
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

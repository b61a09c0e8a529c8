using MarginNet.Detection;
using MarginNet.Evaluation;
using MarginNet.Margins;

namespace MarginNet.Tests.Evaluation;

public sealed class EvaluationReportTests
{
    private const int Classes = 4;

    [Fact]
    public void Every_figure_of_a_few_samples_is_what_one_works_out_by_hand()
    {
        // Of three classes: right by 2, right by 1, wrong by 3, and a tie that goes to the lowest class.
        var scores = new ScoreMatrix([4, 2, 1, 0, 5, 4, 1, 4, 2, 3, 1, 3], 3);
        var report = EvaluationReport.Compute(scores, [0, 1, 0, 2], new() { TargetMargin = 1, QuantileLevels = [0, 0.5, 1] });
        Assert.Equal(new Proportion(2, 4), report.Accuracy);
        Assert.Equal([new(1, 2), new(1, 1), new(0, 1)], report.ClassAccuracies.ToArray());
        Assert.Equal((1, 1, 1, 1), (report.Confusion[0, 0], report.Confusion[0, 1], report.Confusion[1, 1], report.Confusion[2, 0]));
        Assert.Equal([new(0, -3), new(0.5, 0.5), new(1, 2)], report.LabelledMargins.ToArray());
        Assert.Equal([new(0, 0), new(0.5, 1.5), new(1, 2)], report.DecisionMargins.ToArray());
        Assert.Equal(new Proportion(2, 4), report.ConstraintsMet);
        double[] likelihoods =
        [
            1 / (1 + Math.Exp(-2) + Math.Exp(-3)),
            1 / (1 + Math.Exp(-1) + Math.Exp(-5)),
            Math.Exp(-3) / (1 + Math.Exp(-3) + Math.Exp(-2)),
            1 / (2 + Math.Exp(-2)),
        ];
        Assert.Equal(-likelihoods.Average(Math.Log), report.NegativeLogLikelihood, 1e-12);
    }

    [Fact]
    public void The_order_of_the_samples_does_not_matter()
    {
        var (values, labels) = Draw(200, seed: 1);
        var order = Enumerable.Range(0, labels.Length).ToArray();
        new Random(2).Shuffle(order);
        var (first, second) = (Compute(values, labels), Compute([.. order.Select(i => values[i])], [.. order.Select(i => labels[i])]));
        Assert.Equal(first.Accuracy, second.Accuracy);
        Assert.Equal(first.LabelledMargins.ToArray(), second.LabelledMargins.ToArray());
        Assert.Equal(first.DecisionMargins.ToArray(), second.DecisionMargins.ToArray());
        Assert.Equal(first.ConstraintsMet, second.ConstraintsMet);
        Assert.Equal(first.NegativeLogLikelihood, second.NegativeLogLikelihood, 1e-12);
        Assert.Equal(first.ExpectedCalibrationError, second.ExpectedCalibrationError, 1e-12);
    }

    [Fact]
    public void Names_of_the_classes_do_not_matter_and_permute_what_is_said_of_each()
    {
        int[] renamed = [2, 0, 3, 1];
        var (values, labels) = Draw(200, seed: 3);
        var other = values.Select(row => Enumerable.Range(0, Classes).Select(c => row[Array.IndexOf(renamed, c)]).ToArray()).ToArray();
        var (first, second) = (Compute(values, labels), Compute(other, [.. labels.Select(label => renamed[label])]));
        Assert.Equal(first.Accuracy, second.Accuracy);
        Assert.Equal(first.NegativeLogLikelihood, second.NegativeLogLikelihood, 1e-12);
        Assert.Equal(first.LabelledMargins.ToArray(), second.LabelledMargins.ToArray());
        for (var c = 0; c < Classes; c++)
        {
            Assert.Equal(first.ClassAccuracies[c], second.ClassAccuracies[renamed[c]]);
            for (var d = 0; d < Classes; d++)
            {
                Assert.Equal(first.Confusion[c, d], second.Confusion[renamed[c], renamed[d]]);
            }
        }
    }

    [Fact]
    public void Adding_a_number_to_all_scores_of_a_sample_changes_nothing()
    {
        var (values, labels) = Draw(200, seed: 4);
        var (first, second) =
            (Compute(values, labels), Compute([.. values.Select((row, i) => Array.ConvertAll(row, value => value + (i % 8)))], labels));
        Assert.Equal(first.Accuracy, second.Accuracy);
        Assert.Equal(first.NegativeLogLikelihood, second.NegativeLogLikelihood, 1e-5); // float32's rounding of the sums
        Assert.All(first.LabelledMargins.Zip(second.LabelledMargins), pair => Assert.Equal(pair.First.Margin, pair.Second.Margin, 1e-5));
    }

    [Fact]
    public void Multiplying_all_scores_multiplies_margins_and_keeps_decisions()
    {
        var (values, labels) = Draw(200, seed: 5);
        var (first, second) =
            (Compute(values, labels), Compute([.. values.Select(row => Array.ConvertAll(row, value => 4 * value))], labels));
        Assert.Equal(first.Accuracy, second.Accuracy);
        Assert.Equal(first.LabelledMargins.Select(quantile => quantile with { Margin = 4 * quantile.Margin }), second.LabelledMargins);
    }

    [Fact]
    public void The_parts_add_up()
    {
        var (values, labels) = Draw(500, seed: 6);
        var report = Compute(values, labels);
        Assert.Equal(labels.Length, report.Accuracy.Total);
        Assert.Equal(report.Accuracy, report.Confusion.Accuracy);
        Assert.Equal(report.Accuracy.Count, report.ClassAccuracies.Sum(share => share.Count));
        Assert.Equal(report.Accuracy.Total, report.ClassAccuracies.Sum(share => share.Total));
        Assert.Equal(report.Accuracy.Total, report.CalibrationBins.Sum(bin => bin.Count));
        Assert.All(Enumerable.Range(0, Classes), c => Assert.Equal(labels.Count(label => label == c), report.ClassAccuracies[c].Total));
        Assert.Equal(report.LabelledMargins.OrderBy(quantile => quantile.Margin), report.LabelledMargins);
        Assert.All(report.LabelledMargins.Zip(report.DecisionMargins), pair => Assert.True(pair.First.Margin <= pair.Second.Margin));
    }

    [Fact]
    public void A_higher_prescribed_margin_is_met_by_fewer_and_none_means_none()
    {
        var (values, labels) = Draw(300, seed: 7);
        var met = new[] { -100.0, 0, 1, 2, 100 }.Select(margin => Compute(values, labels, margin).ConstraintsMet!.Value.Count).ToArray();
        Assert.Equal(met.OrderDescending(), met);
        Assert.Equal((300, 0), (met[0], met[^1]));
        Assert.Equal(Compute(values, labels).Accuracy.Count, met[1]); // Without ties, right is a margin above 0.
        Assert.Null(EvaluationReport.Compute(Matrix(values), labels).ConstraintsMet);
    }

    [Fact]
    public void Scores_that_say_nothing_have_the_likelihood_of_guessing()
    {
        var report = EvaluationReport.Compute(new ScoreMatrix(new float[8 * Classes], Classes), [0, 1, 2, 3, 0, 1, 2, 3]);
        Assert.Equal(Math.Log(Classes), report.NegativeLogLikelihood, 1e-12);
        Assert.Equal(0, report.ExpectedCalibrationError, 1e-12); // A quarter are right, and a quarter is what they say.
        Assert.Equal(new Proportion(2, 8), report.Accuracy);
    }

    [Fact]
    public void Sure_decisions_are_calibrated_as_far_as_they_are_right()
    {
        // Of ten samples sure of class 0, seven are right.
        var values = Enumerable.Repeat(new float[] { 900, 0, 0, 0 }, 10).ToArray();
        var report = EvaluationReport.Compute(Matrix(values), [0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
        Assert.Equal(0.3, report.ExpectedCalibrationError, 1e-12);
        Assert.Equal(0.3 * 900, report.NegativeLogLikelihood, 1e-9);
        Assert.Equal(new CalibrationBin(10, 0.7, 1), report.CalibrationBins[^1]);
    }

    [Fact]
    public void Labels_drawn_from_the_probabilities_are_calibrated()
    {
        const int Count = 40_000;
        var random = new Random(8);
        var (values, _) = Draw(Count, seed: 9);
        int[] labels = [.. values.Select(row => Pick(Cumulative(row), random.NextDouble()))];
        var report = EvaluationReport.Compute(Matrix(values), labels);
        Assert.InRange(report.ExpectedCalibrationError, 0, 0.02); // Each of 15 bins errs by about 1/(2 √(N/15)) = 0.01 of its own share.

        static int Pick(double[] cumulative, double u) => Math.Min(cumulative.Count(total => total < u), Classes - 1);

        static double[] Cumulative(float[] row)
        {
            var sum = row.Sum(value => Math.Exp(value));
            var total = 0.0;
            return Array.ConvertAll(row, value => total += Math.Exp(value) / sum);
        }
    }

    [Fact]
    public void Margins_below_what_softmax_can_say_still_have_a_finite_likelihood()
    {
        var report = EvaluationReport.Compute(new ScoreMatrix([0, 3e38f, 3e38f, 0], 2), [0, 0]);
        Assert.True(double.IsFinite(report.NegativeLogLikelihood));
        Assert.Equal(0.5, report.ExpectedCalibrationError, 1e-12);
    }

    [Fact]
    public void Labels_that_are_no_classes_and_options_out_of_range_are_rejected()
    {
        var scores = new ScoreMatrix(new float[2 * Classes], Classes);
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.Compute(scores, [0, Classes]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.Compute(scores, [0, -1]));
        Assert.Throws<ArgumentException>(() => EvaluationReport.Compute(scores, [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.Compute(new ScoreMatrix([], Classes), []));
        EvaluationOptions[] wrong =
        [
            new() { CalibrationBins = 0 },
            new() { TargetMargin = double.NaN },
            new() { QuantileLevels = [0.5, 1.1] },
        ];
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationReport.Compute(scores, [0, 1], options)));
    }

    private static EvaluationReport Compute(float[][] values, int[] labels, double margin = 1) =>
        EvaluationReport.Compute(Matrix(values), labels, new() { TargetMargin = margin });

    private static ScoreMatrix Matrix(float[][] values) => new([.. values.SelectMany(row => row)], Classes);

    private static (float[][] Values, int[] Labels) Draw(int count, int seed)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(Classes))];
        return ([.. labels.Select(label => Enumerable.Range(0, Classes)
            .Select(c => (float)((3 * random.NextDouble()) + (c == label ? 1 : 0)))
            .ToArray())], labels);
    }
}

using MarginNet.Arrays;
using MarginNet.Detection;

namespace MarginNet.Tests.Detection;

public sealed class FittedScoresTests
{
    [Fact]
    public void The_orders_are_those_of_least_area_under_the_risk_coverage_curve()
    {
        var (logits, labels) = Draw(400, 10, seed: 1);
        var fitted = FittedScores.Fit(logits, labels, 1.5);
        double[] Areas(Func<double[], int, double> score) => [.. Enumerable.Range(0, 11).Select(order =>
        {
            double Score(double[] row) => order == 0 ? LogitScores.MaxSoftmaxLogOdds(row) : score(row, order);
            var all = Rows(logits).Zip(labels, (row, label) => (Value: Score(row), IsRight: Array.IndexOf(row, row.Max()) == label))
                .ToArray();
            return DetectionMetrics.Compute(
                [.. all.Where(s => s.IsRight).Select(s => s.Value)], [.. all.Where(s => !s.IsRight).Select(s => s.Value)]).Aurc;
        })];
        var maxLogit = Areas((row, order) => LogitScores.MaxLogitPNorm(row, order));
        var margin = Areas((row, order) => LogitScores.MarginPNorm(row, order));
        Assert.Equal(Array.IndexOf(maxLogit, maxLogit.Min()), fitted.MaxLogitOrder);
        Assert.Equal(Array.IndexOf(margin, margin.Min()), fitted.MarginOrder);
        // Each sample has a scale of its own, which the norm forgets and softmax does not.
        Assert.NotEqual(0, fitted.MaxLogitOrder);
        Assert.True(maxLogit.Min() < maxLogit[0]);
        var row = Rows(logits)[0];
        Assert.Equal(LogitScores.MaxLogitPNorm(row, fitted.MaxLogitOrder), fitted.MaxLogit(row));
        Assert.Equal(LogitScores.MarginPNorm(row, fitted.MarginOrder), fitted.Margin(row));
        Assert.Equal(LogitScores.MaxSoftmaxLogOdds(row, 1.5), fitted.MaxSoftmax(row));
    }

    [Fact]
    public void A_score_by_its_name_is_that_score()
    {
        var (logits, labels) = Draw(400, 10, seed: 1);
        var fitted = FittedScores.Fit(logits, labels, 1.5);
        var row = Rows(logits)[0];
        Assert.Equal(
            [
                LogitScores.Margin(row), LogitScores.MaxSoftmaxLogOdds(row), fitted.MaxSoftmax(row), LogitScores.MaxLogit(row),
                fitted.MaxLogit(row), fitted.Margin(row), LogitScores.Energy(row), LogitScores.NegativeEntropy(row),
                LogitScores.DoctorAlpha(row), LogitScores.GeneralizedEntropy(row), fitted.RelativeUncertainty.Score(row),
            ],
            Enum.GetValues<ConfidenceScore>().Select(score => fitted.Compute(row, score)));
        Assert.Throws<ArgumentOutOfRangeException>(() => fitted.Compute(row, (ConfidenceScore)99));
    }

    [Fact]
    public void Where_normalised_logits_say_nothing_or_nothing_can_be_learnt_softmax_stays()
    {
        var (two, labels) = Draw(200, 2, seed: 2);
        Assert.Equal(0, FittedScores.Fit(two, labels, 1).MaxLogitOrder);
        var (logits, _) = Draw(50, 4, seed: 3);
        int[] decided = [.. Rows(logits).Select(row => Array.IndexOf(row, row.Max()))];
        foreach (var same in new[] { decided, [.. decided.Select(c => (c + 1) % 4)] }) // All right, all wrong.
        {
            var fitted = FittedScores.Fit(logits, same, 1);
            Assert.Equal((0, 0), (fitted.MaxLogitOrder, fitted.MarginOrder));
            Assert.Equal(LogitScores.MaxSoftmaxLogOdds(Rows(logits)[7]), fitted.MaxLogit(Rows(logits)[7]));
        }
    }

    [Fact]
    public void Relative_uncertainty_is_its_formula()
    {
        const int Classes = 4;
        var (logits, labels) = Draw(60, Classes, seed: 4);
        var fitted = RelativeUncertainty.Fit(logits, labels, 0.7);
        var samples = Rows(logits).Zip(labels, (row, label) => (P: Softmax(row), IsRight: Array.IndexOf(row, row.Max()) == label))
            .ToArray();
        double Mean(bool isRight, int i, int j) => samples.Where(s => s.IsRight == isRight).Average(s => s.P[i] * s.P[j]);
        var d = new double[Classes, Classes];
        for (var i = 0; i < Classes; i++)
            for (var j = 0; j < Classes; j++)
                d[i, j] = i == j ? 0 : Math.Max(0, (0.7 * Mean(false, i, j)) - (0.3 * Mean(true, i, j)));

        var norm = Math.Sqrt(d.Cast<double>().Sum(x => x * x));
        var p = samples[0].P;
        var expected = Enumerable.Range(0, Classes).Sum(i => Enumerable.Range(0, Classes).Sum(j => d[i, j] / norm * p[i] * p[j]));
        Assert.True(expected > 0);
        Assert.Equal(-expected, fitted.Score(Rows(logits)[0]), 1e-14);
        Assert.Equal(fitted.Score(Rows(logits)[0]), new RelativeUncertainty(fitted.Pairs.AsSpan()).Score(Rows(logits)[0]));
    }

    [Fact]
    public void Without_wrong_decisions_relative_uncertainty_is_Ginis_coefficient()
    {
        var (logits, _) = Draw(30, 3, seed: 5);
        int[] decided = [.. Rows(logits).Select(row => Array.IndexOf(row, row.Max()))];
        var fitted = RelativeUncertainty.Fit(logits, decided);
        Assert.Equal(3, fitted.ClassCount);
        Assert.All(Rows(logits), row => Assert.Equal(
            (Softmax(row).Sum(p => p * p) - 1) / Math.Sqrt(6), fitted.Score(row), 1e-14));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        var (logits, labels) = Draw(10, 3, seed: 6);
        Assert.Throws<ArgumentException>(() => FittedScores.Fit(logits, labels.AsSpan(0, 9), 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => FittedScores.Fit(logits, labels, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RelativeUncertainty.Fit(logits, labels, 1.5));
        Assert.Throws<ArgumentException>(() => new RelativeUncertainty([1, 2]));
        Assert.Throws<ArgumentException>(() => new RelativeUncertainty([-1]));
        Assert.Throws<ArgumentException>(() => new RelativeUncertainty([1]).Score([1, 2, 3]));
    }

    /// <summary>Samples whose logits have a scale of their own, right more often than not.</summary>
    private static (NumericArray Logits, int[] Labels) Draw(int count, int classes, int seed)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(classes))];
        double[] values = [.. labels.SelectMany(label =>
        {
            var scale = Math.Exp(4 * random.NextDouble());
            var lead = random.NextDouble();
            return Enumerable.Range(0, classes).Select(c => scale * (random.NextDouble() + (c == label ? lead : 0))).ToArray();
        })];
        return (new(values, count, classes, IsVector: false), labels);
    }

    private static double[][] Rows(NumericArray logits) => [.. Enumerable.Range(0, logits.Rows).Select(i => logits.Row(i).ToArray())];

    private static double[] Softmax(double[] row) => [.. row.Select(f => Math.Exp(f) / row.Sum(Math.Exp))];
}

using MarginNet.Arrays;
using MarginNet.Features;
using MarginNet.PValues;

namespace MarginNet.Tests.Features;

public sealed class PcadTests
{
    private const int Classes = 3;

    [Fact]
    public void The_score_is_the_density_of_the_decided_class()
    {
        var (features, labels) = Draw(new Random(1), 240);
        var fitted = Pcad.Fit(features, labels, Classes);
        for (var c = 0; c < Classes; c++)
        {
            int[] own = [.. Enumerable.Range(0, 240).Where(i => labels[i] == c)];
            var alone = FeatureMixture.Fit(Drawn.Array(own.Length, 4, (i, j) => features.Row(own[i])[j]));
            Assert.Equal(alone.Mixture.LogDensity([1, 2, 3, 4]), fitted.Score([1, 2, 3, 4], c));
        }
    }

    [Fact]
    public void Ranked_among_right_decisions_that_were_not_fitted_to_it_keeps_its_level_and_finds_what_is_far()
    {
        const double Alpha = 0.1;
        var random = new Random(2);
        var (train, trainLabels) = Draw(random, 150); // few, so that the mixtures fit their own samples better than others
        var (held, heldLabels) = Draw(random, 3000);
        var (fresh, freshLabels) = Draw(random, 3000);
        var fitted = Pcad.Fit(train, trainLabels, Classes);
        double[] Scores(NumericArray samples, int[] labels) => [.. labels.Select((c, i) => fitted.Score(samples.Row(i), c))];
        var typical = EmpiricalNull.Fit(Scores(held, heldLabels), heldLabels, Classes);
        var p = Scores(fresh, freshLabels).Select((score, i) => typical.PValue(score, freshLabels[i])).ToArray();
        // 3,000 fresh and 3,000 calibration samples: twice the binomial variance; five standard deviations.
        var error = Math.Sqrt(2 * Alpha * (1 - Alpha) / 3000);
        Assert.InRange(p.Count(value => value <= Alpha) / 3000.0, Alpha - (5 * error), Alpha + (5 * error));
        Assert.Equal(1.0 / 1001, typical.PValue(fitted.Score([90, -90, 90, -90], 0), 0));
    }

    [Fact]
    public void A_class_without_samples_that_vary_is_refused_by_its_number()
    {
        var (features, labels) = Draw(new Random(3), 60);
        Assert.Contains("class 3 has 0", Assert.Throws<ArgumentException>(() => Pcad.Fit(features, labels, 4)).Message);
        var equal = Drawn.Array(60, 4, (i, j) => labels[i] == 1 ? 7 : features.Row(i)[j]);
        Assert.Contains("Class 1: ", Assert.Throws<ArgumentException>(() => Pcad.Fit(equal, labels, Classes)).Message);
        var fitted = Pcad.Fit(features, labels, Classes);
        Assert.Throws<ArgumentOutOfRangeException>(() => fitted.Score([1, 2, 3, 4], 3));
        Assert.Throws<ArgumentException>(() => fitted.Score([1, 2, 3], 0));
    }

    private static (NumericArray Features, int[] Labels) Draw(Random random, int count)
    {
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % Classes)];
        return (Drawn.Array(count, 4, (i, j) => (3 * labels[i]) + (random.Normal() * (j + 1)) + (i / Classes % 2 * 5)), labels);
    }
}

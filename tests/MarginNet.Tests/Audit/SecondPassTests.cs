using MarginNet.Audit;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Training;

namespace MarginNet.Tests.Audit;

public sealed class SecondPassTests
{
    private static readonly ImageSet Images = SyntheticShapes.Create(40, 0).Train;
    private static readonly TrainingOptions Options = TrainingOptions.Fast with
    {
        Epochs = 6,
        WarmupEpochs = 3,
        Seed = 4,
        SampleMargins = [.. Enumerable.Range(1, 40).Select(i => (double)i)],
        RecordMargins = true,
    };

    /// <summary>Scores whose decision is the class given for each sample.</summary>
    private static ScoreMatrix Deciding(Func<int, int> classOf) =>
        new([.. Enumerable.Range(0, 40).SelectMany(i => Enumerable.Range(0, 10).Select(c => c == classOf(i) ? 1f : 0f))], 10);

    [Fact]
    public void It_is_by_the_labels_that_were_decided_for_in_as_many_steps()
    {
        bool IsKept(int i) => i % 4 == 0 || Images.Labels[i] == 7; // Of class 7 none is decided for, so all are kept.
        var pass = SecondPass.Of(
            Images, Deciding(i => i % 4 == 0 && Images.Labels[i] != 7 ? Images.Labels[i] : (Images.Labels[i] + 1) % 10), Options);
        int[] kept = [.. Enumerable.Range(0, 40).Where(IsKept)];
        // A class of which no fourth sample is one is kept whole, too.
        var unseen = Enumerable.Range(0, 10).Where(c => c != 7 && !kept.Any(i => Images.Labels[i] == c)).ToHashSet();
        kept = [.. Enumerable.Range(0, 40).Where(i => IsKept(i) || unseen.Contains(Images.Labels[i]))];
        Assert.Equal(kept.Select(i => Images.Numbers[i]), pass.Train.Numbers.ToArray());
        Assert.Equal(kept.Select(i => i + 1.0), pass.Options.SampleMargins);
        Assert.Equal((int)Math.Round(6 * 40.0 / kept.Length), pass.Options.Epochs);
        Assert.Equal((int)Math.Round(3 * 40.0 / kept.Length), pass.Options.WarmupEpochs);
        Assert.Equal((5, false), (pass.Options.Seed, pass.Options.RecordMargins));
        pass.Options.TargetMargins(pass.Train.Count); // It fits the samples.
    }

    [Fact]
    public void Where_every_label_is_decided_for_it_is_the_same_training_by_another_seed()
    {
        var pass = SecondPass.Of(Images, Deciding(i => Images.Labels[i]), Options);
        Assert.Equal(Images.Numbers.ToArray(), pass.Train.Numbers.ToArray());
        Assert.Equal(Options with { Seed = 5, RecordMargins = false, SampleMargins = pass.Options.SampleMargins }, pass.Options);
    }

    /// <summary>Networks with scores of any scale count alike.</summary>
    [Fact]
    public void The_margin_of_two_passes_does_not_change_with_the_scale_of_either()
    {
        var random = new Random(1);
        float[] Draw() => [.. Enumerable.Range(0, 300).Select(_ => (float)random.NextDouble())];
        var (first, second) = (Draw(), Draw());
        double[] Margins(float a, float b) => new AuditEvidence(new int[100], 3)
        {
            Scores = new(Array.ConvertAll(first, x => a * x), 3),
            SecondScores = new(Array.ConvertAll(second, x => b * x), 3),
        }.Compute(LabelStatistic.TwoPassMargin);
        var (one, other) = (Margins(1, 1), Margins(7, 0.01f));
        Assert.All(one.Zip(other), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        var alone = Margins(1, 0); // Of equal margins nothing is to be added.
        var own = new ScoreMatrix(first, 3).LabelledMargins(new int[100]);
        Assert.Equal(Enumerable.Range(0, 100).OrderBy(i => own[i]), Enumerable.Range(0, 100).OrderBy(i => alone[i]));
    }

    [Fact]
    public void Where_two_passes_disagree_the_second_counts_twice_and_a_constant_of_a_sample_is_of_no_matter()
    {
        var labels = new[] { 0, 0, 1, 1 };
        float[] First(float more) => [1 + more, more, more, 1 + more, more, 1 + more, more, 1 + more];
        float[] second = [0, 1, 0, 1, 0, 1, 1, 0];
        var margins = LabelStatistics.TwoPassMargin(new(First(0), 2), new(second, 2), labels);
        foreach (var (margin, expected) in margins.Zip([-2.0, -6, 6, -2]))
        {
            Assert.Equal(expected, margin, 1e-5); // Each score is half a unit, one deviation, from its sample's mean.
        }

        foreach (var (margin, moved) in margins.Zip(LabelStatistics.TwoPassMargin(new(First(50), 2), new(second, 2), labels)))
        {
            Assert.Equal(margin, moved, 1e-3);
        }

        Assert.Contains(
            "[4, 2], but got [2, 4]",
            Assert.Throws<ArgumentException>(() => LabelStatistics.TwoPassMargin(new(First(0), 2), new(second, 4), labels)).Message,
            StringComparison.Ordinal);
    }
}

using MarginNet.Cli.Input;
using MarginNet.Cli.Reproduction;
using MarginNet.Margins;

namespace MarginNet.Cli.Tests.Reproduction;

public sealed class NetworkScoresTests
{
    [Fact]
    public void Labelled_margins_are_the_lead_of_the_true_class()
    {
        var random = new Random(8);
        var scores = new ScoreMatrix([.. Enumerable.Range(0, 400).Select(_ => random.Next(-3, 4) / 2f)], 4); // With ties.
        int[] labels = [.. Enumerable.Range(0, 100).Select(_ => random.Next(4))];
        var samples = Samples.FromModel(scores, labels, ["a", "b", "c", "d"], "test");
        Assert.Equal(scores.LabelledMargins(labels), NetworkScores.LabelledMargins(samples));
    }
}

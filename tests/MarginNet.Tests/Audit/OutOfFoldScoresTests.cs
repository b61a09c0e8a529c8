using MarginNet.Audit;
using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Training;

namespace MarginNet.Tests.Audit;

public sealed class OutOfFoldScoresTests
{
    private static readonly TrainingOptions Options = TrainingOptions.Fast with { Epochs = 1, BatchSize = 8, Seed = 3 };

    private static ResNet18 Create(ImageSet images)
    {
        TorchSharp.torch.manual_seed(1);
        return new(new() { Width = 2, Normalization = ChannelStatistics.Compute(images) });
    }

    [Fact]
    public void Each_sample_is_scored_by_the_network_that_was_trained_on_the_other_folds()
    {
        var images = SyntheticShapes.Create(40, 0).Train;
        var fold = StratifiedFolds.Compute(images.Labels, 2, Options.Seed);
        var trained = new List<int>();
        var scores = OutOfFoldScores.Compute(
            part =>
            {
                trained.Add(part.Count);
                return Create(part);
            },
            images, 2, Options, (progress, k) => Assert.InRange(k, 0, 1));
        Assert.Equal((40, 10), (scores.Count, scores.ClassCount));
        Assert.Equal([20, 20], trained);

        int[] others = [.. Enumerable.Range(0, 40).Where(i => fold[i] == 0)];
        using var network = Create(images.Select(others));
        MarginTrainer.Train(network, images.Select(others), Options);
        int[] heldOut = [.. Enumerable.Range(0, 40).Where(i => fold[i] == 1)];
        var own = network.Score(images.Select(heldOut));
        Assert.All(heldOut, (i, place) => Assert.Equal(own[place].ToArray(), scores[i].ToArray()));
    }

    [Fact]
    public void Networks_of_folds_keep_no_state() => Assert.Throws<ArgumentException>(() => OutOfFoldScores.Compute(
        Create, SyntheticShapes.Create(10, 0).Train, 2, Options with { Checkpoints = new("x.resume.pt") }));
}

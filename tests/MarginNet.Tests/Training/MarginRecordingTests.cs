using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class MarginRecordingTests
{
    private static readonly TrainingOptions Still = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        Epochs = 3,
        WarmupEpochs = 1,
        BatchSize = 7,
        LearningRate = 1e-30,
        RecordMargins = true,
    };

    [Fact]
    public void A_network_that_does_not_move_has_its_own_margins_recorded_in_every_epoch()
    {
        manual_seed(1);
        using var network = nn.Sequential(nn.Flatten(), nn.Linear(4, TinyProblem.Classes)); // the same in training and evaluation
        var images = TinyProblem.Images(45, mislabelled: 0.2);
        var record = MarginTrainer.Train(network, images, Still).Margins!;
        var scores = network.Score(images);
        Assert.Equal((4, 45), (record.Epochs, record.Count));
        for (var e = 0; e < record.Epochs; e++)
        {
            Assert.All(scores.LabelledMargins(images.Labels), (margin, i) => Assert.Equal(margin, record[e][i], 1e-5));
        }

        for (var i = 0; i < record.Count; i++)
        {
            for (var c = 0; c < TinyProblem.Classes; c++)
            {
                Assert.Equal(scores[i][c], record.MeanScores![i][c], 1e-5);
            }
        }
    }

    [Fact]
    public void Recording_changes_no_weight()
    {
        byte[] Trained(bool record)
        {
            using var network = TinyProblem.Network();
            var result = MarginTrainer.Train(
                network, TinyProblem.Images(40), new() { Epochs = 2, BatchSize = 8, LearningRate = 1e-2, RecordMargins = record });
            Assert.Equal(record, result.Margins is not null);
            return TinyProblem.Weights(network);
        }

        Assert.Equal(Trained(record: false), Trained(record: true));
    }

    [Fact]
    public void Every_round_of_the_outer_loop_counts()
    {
        using var network = TinyProblem.Network();
        var options = Still with { Loss = MarginLoss.DualHinge, Rounds = 2, Epochs = 2, TargetMargin = 1000 };
        Assert.Equal(1 + (2 * 2), MarginTrainer.Train(network, TinyProblem.Images(20), options).Margins!.Epochs);
    }

    [Fact]
    public void Wrong_labels_have_the_smaller_mean_margins()
    {
        using var network = TinyProblem.Network();
        var (right, given) = (TinyProblem.Images(300), TinyProblem.Images(300, mislabelled: 0.1));
        var options = Still with { WarmupEpochs = 0, Epochs = 10, BatchSize = 32, LearningRate = 1e-2, TargetMargin = 5 };
        var margins = MarginTrainer.Train(network, given, options).Margins!.Mean();
        var isWrong = Enumerable.Range(0, 300).ToLookup(i => right.Labels[i] != given.Labels[i], i => margins[i]);
        Assert.True(isWrong[true].Average() < isWrong[false].Average() - 1);
    }
}

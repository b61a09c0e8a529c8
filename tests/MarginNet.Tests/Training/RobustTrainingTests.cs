using MarginNet.Losses;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class RobustTrainingTests
{
    private static readonly TrainingOptions Plain = new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        Epochs = 40,
        BatchSize = 16,
        LearningRate = 1e-2,
        TargetMargin = 0.5,
        RampEpochs = 10,
        Robust = new() { Epsilon = 0.05 },
    };

    public static TheoryData<RobustMethod> Methods => [.. Enum.GetValues<RobustMethod>()];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Every_method_gives_margins_that_hold_in_the_whole_ball(RobustMethod method)
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(60);
        var options = Plain with { Robust = Plain.Robust! with { Method = method } };
        var result = MarginTrainer.Train(network, images, options);
        Assert.InRange(result.Constraints.Met, 50, 60);
        // What counts as met is met at random points of the ball, too.
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        int[] all = [.. Enumerable.Range(0, images.Count)];
        var missed = result.Constraints.Violations.Select(violation => violation.Index).ToHashSet();
        for (var draw = 0; draw < 20; draw++)
        {
            var clean = images.ToByteTensor(all).to(ScalarType.Float32) / 255;
            var scores = network.call((clean + (0.05 * ((2 * rand_like(clean)) - 1))).clamp(0, 1));
            var own = nn.functional.one_hot(images.LabelTensor(all, CPU), TinyProblem.Classes);
            var rival = scores.masked_fill(own.to(ScalarType.Bool), float.NegativeInfinity).amax(1);
            var margins = ((scores * own).sum(1) - rival).data<float>().ToArray();
            Assert.All(all.Where(i => !missed.Contains(i)), i => Assert.True(margins[i] >= 0.5 - 1e-4));
        }
    }

    [Fact]
    public void The_worst_margins_are_what_lambda_is_raised_by()
    {
        // Both networks are right about every image; in a large ball margins are missed, and nowhere at the images.
        var images = TinyProblem.Images(60);
        var options = Plain with { Rounds = 2, Epochs = 20, RampEpochs = 0, DualUpdate = DualUpdate.Multiply(4) };
        using var wide = TinyProblem.Network();
        var result = MarginTrainer.Train(wide, images, options with { Robust = new() { Epsilon = 0.4 } });
        Assert.NotEmpty(result.Constraints.Violations);
        Assert.True(result.DualWeights.Values.Max() > result.DualWeights.Values.Min() || result.Constraints.Met == 0);
        Assert.All(result.Constraints.Violations, violation => Assert.True(violation.Margin < violation.TargetMargin));
        Assert.Contains(
            result.Constraints.Violations,
            violation => result.TrainingScores.LabelledMargins(images.Labels)[violation.Index] > violation.Margin + 0.01);
    }

    [Fact]
    public void Same_seed_same_weights()
    {
        byte[] Train()
        {
            using var network = TinyProblem.Network();
            MarginTrainer.Train(
                network, TinyProblem.Images(60), Plain with { Epochs = 5, Robust = new() { Method = RobustMethod.MixTrain, Epsilon = 0.05 } });
            return TinyProblem.Weights(network);
        }

        Assert.Equal(Train(), Train());
    }

    [Fact]
    public void The_gradient_is_no_longer_than_asked_for()
    {
        // A step of plain descent moves the weights by no more than the rate times the length.
        using var network = TinyProblem.Network();
        var before = network.parameters().Select(parameter => parameter.detach().clone()).ToArray();
        var options = Plain with
        {
            Epochs = 1,
            RampEpochs = 0,
            BatchSize = 60,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 1,
            Robust = new() { Epsilon = 0.3, GradientNorm = 1e-3 },
        };
        MarginTrainer.Train(network, TinyProblem.Images(60), options);
        var moved = Math.Sqrt(network.parameters().Zip(before).Sum(pair => (pair.First - pair.Second).square().sum().item<float>()));
        Assert.InRange(moved, 1e-4, 2.1e-3); // Nesterov's first step is 1.9 times the gradient.
    }

    [Fact]
    public void The_ramp_starts_at_0_ends_at_1_never_falls_and_has_no_bend()
    {
        Assert.Equal(0, EpsilonRamp.Share(0));
        Assert.Equal(1, EpsilonRamp.Share(1));
        Assert.Equal(1, EpsilonRamp.Share(2));
        const double Step = 1e-4;
        var slopes = Enumerable.Range(0, (int)(1 / Step)).Select(i => (EpsilonRamp.Share((i + 1) * Step) - EpsilonRamp.Share(i * Step)) / Step)
            .ToArray();
        Assert.All(slopes, slope => Assert.True(slope >= 0));
        Assert.All(slopes.Zip(slopes.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, -1e-9, 2e-2));
        Assert.Equal(slopes[^1], slopes[slopes.Length / 2], 1e-9); // Linear behind the first quarter.
    }

    [Fact]
    public void What_cannot_be_is_refused_by_name()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(12);
        void Refuses(string text, TrainingOptions options) => Assert.Contains(
            text, Assert.ThrowsAny<ArgumentException>(() => MarginTrainer.Train(network, images, options)).Message, StringComparison.Ordinal);
        Refuses("Epsilon", Plain with { Robust = new() { Epsilon = 0 } });
        Refuses("NaturalShare", Plain with { Robust = new() { NaturalShare = 1 } });
        Refuses("BoxShare", Plain with { Robust = new() { BoxShare = 0 } });
        Refuses("LipschitzMargin", Plain with { LipschitzMargin = 1 });
        Refuses("margin-ratio", Plain with { Loss = MarginLoss.MarginRatio });
    }
}

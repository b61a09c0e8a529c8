using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class MarginTrainerTests
{
    private static readonly TrainingOptions Quick = new() { Epochs = 3, BatchSize = 16, LearningRate = 1e-2, TargetMargin = 5 };

    public static TheoryData<string> Losses => [.. MarginLoss.All.Select(loss => loss.Name)];

    [Theory]
    [MemberData(nameof(Losses))]
    public void Training_raises_the_accuracy_under_every_loss(string name)
    {
        var loss = MarginLoss.Parse(name);
        using var network = TinyProblem.Network(rectify: loss.NeedsRectifiedScores);
        var images = TinyProblem.Images(240);
        var before = network.Score(images).Accuracy(images.Labels);
        var result = MarginTrainer.Train(network, images, Quick with { Loss = loss, Epochs = 10 });
        Assert.True(result.TrainingScores.Accuracy(images.Labels) > Math.Max(before, 0.95));
    }

    [Theory]
    [InlineData(OptimizerKind.Adam, LearningRateSchedule.OneCycle)]
    [InlineData(OptimizerKind.AdamW, LearningRateSchedule.Cosine)]
    [InlineData(OptimizerKind.Sgd, LearningRateSchedule.Constant)]
    public void The_same_seed_gives_the_same_weights_byte_for_byte(OptimizerKind optimizer, LearningRateSchedule schedule)
    {
        var options = Quick with
        {
            Optimizer = optimizer,
            Schedule = schedule,
            Rounds = 2,
            Loss = MarginLoss.DualHinge,
            WeightDecay = 1e-3,
        };
        Assert.Equal(TrainedWeights(options), TrainedWeights(options));
        Assert.NotEqual(TrainedWeights(options), TrainedWeights(options with { Seed = 1 }));
    }

    [Fact]
    public void The_dual_loss_as_printed_does_not_feel_the_margin_and_its_hinge_does()
    {
        var printed = Quick with { Loss = MarginLoss.Dual };
        Assert.Equal(TrainedWeights(printed with { TargetMargin = 50 }), TrainedWeights(printed with { TargetMargin = 150 }));
        var hinge = Quick with { Loss = MarginLoss.DualHinge };
        Assert.NotEqual(TrainedWeights(hinge with { TargetMargin = 0.5 }), TrainedWeights(hinge with { TargetMargin = 5 }));
    }

    [Theory]
    [InlineData("shifted-softmax")]
    [InlineData("cross-entropy")]
    public void A_temperature_and_an_output_scale_of_the_same_size_only_change_the_unit_of_the_margin(string loss)
    {
        byte[] Trained(double unit)
        {
            manual_seed(2);
            using var network = new FastNet(new() { Width = 2, OutputScale = unit });
            var options = Quick with { Loss = MarginLoss.Parse(loss), Epochs = 2, Temperature = unit, TargetMargin = 2 * unit };
            MarginTrainer.Train(network, SyntheticShapes.Create(40, 1).Train, options);
            return TinyProblem.Weights(network);
        }

        Assert.Equal(Trained(1), Trained(16)); // A power of two, so that even the rounding is the same.
    }

    [Fact]
    public void At_a_low_temperature_the_shifted_softmax_is_the_hinge_in_units_of_the_temperature()
    {
        using var scope = NewDisposeScope();
        const double Temperature = 1e-2;
        var (logits, labels) = (randn([50, 4], dtype: ScalarType.Float64), randint(0, 4, [50], dtype: ScalarType.Int64));
        var target = tensor(1.5, dtype: ScalarType.Float64);
        var smooth = Temperature * MarginLoss.ShiftedSoftmax.Compute(logits / Temperature, labels, target / Temperature);
        var excess = smooth - MarginLoss.DualHinge.Compute(logits, labels, target);
        Assert.InRange(excess.min().item<double>(), -1e-12, double.MaxValue);
        Assert.InRange(excess.max().item<double>(), 0, Temperature * Math.Log(4)); // log of the number of terms, at most.
    }

    [Fact]
    public void Biases_and_batch_norms_move_at_their_own_rate_and_nothing_else_does()
    {
        // One step without momentum's memory: parameters move by rate × (1 + momentum) × gradient, gradients being equal.
        Dictionary<string, Tensor> Moved(double factor)
        {
            using var network = TinyProblem.Network();
            var before = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());
            var options = Quick with
            {
                Optimizer = OptimizerKind.Sgd,
                Epochs = 1,
                BatchSize = 96,
                Loss = MarginLoss.CrossEntropy,
                BiasRateFactor = factor,
            };
            MarginTrainer.Train(network, TinyProblem.Images(96), options);
            return network.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter.detach() - before[entry.name]);
        }

        using var scope = NewDisposeScope();
        var (one, eight) = (Moved(1), Moved(8));
        Assert.All(
            one, entry => Assert.True(eight[entry.Key].allclose(entry.Value * (entry.Value.dim() <= 1 ? 8 : 1), 1e-4, 1e-6), entry.Key));
        Assert.True(one.Values.Count(change => change.dim() <= 1 && change.abs().max().item<float>() > 1e-4) >= 3);
    }

    [Fact]
    public void The_outer_loop_stops_as_soon_as_every_constraint_is_met()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(120);
        var result =
            MarginTrainer.Train(network, images, Quick with { Loss = MarginLoss.DualHinge, Epochs = 20, Rounds = 50, TargetMargin = 1 });
        Assert.True(result.Constraints.AllMet);
        Assert.InRange(result.Rounds, 1, 49);
        Assert.Equal(20 * result.Rounds, result.History.Length);
        Assert.All(network.Score(images).LabelledMargins(images.Labels), margin => Assert.True(margin >= 1));
    }

    [Fact]
    public void With_wrong_labels_the_loop_ends_at_the_last_round_and_the_violators_have_the_largest_weights()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(300, mislabelled: 0.1);
        var result = MarginTrainer.Train(network, images, Quick with { Loss = MarginLoss.DualHinge, Rounds = 4, TargetMargin = 2 });
        Assert.Equal(4, result.Rounds);
        Assert.NotEmpty(result.Constraints.Violations);
        var worst = result.Constraints.Violations[0];
        Assert.Equal(result.TrainingScores.LabelledMargins(images.Labels).Min(), worst.Margin);
        Assert.Equal(2 - worst.Margin, worst.Shortfall);
        Assert.Equal(result.DualWeights.Values[worst.Index], worst.DualWeight);
        Assert.Equal(result.DualWeights.Values.Max(), worst.DualWeight);
        Assert.Equal(1, result.DualWeights.Values.Average(), 1e-9);
    }

    [Fact]
    public void Raised_weights_move_the_training_towards_the_violated_constraints()
    {
        // Forty-eight epochs in all, in one round or in six.
        static double WorstShortfall(int rounds, DualUpdate update)
        {
            using var network = TinyProblem.Network();
            var images = TinyProblem.Images(300, mislabelled: 0.1);
            var options = Quick with
            {
                Loss = MarginLoss.DualHinge,
                Epochs = 48 / rounds,
                Rounds = rounds,
                TargetMargin = 2,
                DualUpdate = update,
            };
            return MarginTrainer.Train(network, images, options).Constraints.Violations.Max(violation => violation.Shortfall);
        }

        Assert.True(WorstShortfall(6, DualUpdate.Multiply(3)) < WorstShortfall(1, DualUpdate.Multiply(3)));
    }

    [Fact]
    public void Each_sample_may_have_a_margin_of_its_own()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(60);
        var margins = Enumerable.Range(0, 60).Select(i => i == 7 ? 1e6 : 0.001).ToArray();
        var result = MarginTrainer.Train(network, images, Quick with { SampleMargins = [.. margins], Epochs = 30 });
        Assert.Equal(7, Assert.Single(result.Constraints.Violations).Index);
    }

    [Fact]
    public void A_warm_up_trains_with_cross_entropy_first()
    {
        using var network = TinyProblem.Network();
        var result = MarginTrainer.Train(network, TinyProblem.Images(96), Quick with { WarmupEpochs = 2, Epochs = 1 });
        Assert.Equal([0, 0, 1], result.History.Select(epoch => epoch.Round));
        var crossEntropy = Quick with { Loss = MarginLoss.CrossEntropy, Epochs = 2 };
        Assert.Equal(TrainedWeights(crossEntropy), TrainedWeights(Quick with { WarmupEpochs = 2, Epochs = 0 }));
    }

    [Fact]
    public void A_ramp_raises_the_margin_to_its_full_value()
    {
        using var network = TinyProblem.Network();
        var result = MarginTrainer.Train(
            network,
            TinyProblem.Images(96),
            Quick with { Loss = MarginLoss.DualHinge, RampEpochs = 2, Epochs = 2, Rounds = 2, TargetMargin = 1e3 });
        var targets = result.History.Select(epoch => epoch.TargetMargin).ToArray();
        Assert.Equal(targets.Order(), targets);
        Assert.InRange(targets[0], 1, 500);
        Assert.Equal(1e3, targets[^1]);
    }

    [Fact]
    public void Progress_counts_every_step_and_tells_the_accuracy_of_the_test_set()
    {
        using var network = TinyProblem.Network();
        var events = new List<TrainingProgress>();
        var test = TinyProblem.Images(60, seed: 9);
        var result = MarginTrainer.Train(network, TinyProblem.Images(100), Quick, test, new Recorder(events));
        var steps = events.OfType<StepProgress>().ToArray();
        Assert.Equal(Enumerable.Range(1, 3 * 7).Select(step => (long)step), steps.Select(step => step.Steps));
        Assert.All(steps, step => Assert.Equal(21, step.TotalSteps));
        Assert.Equal(300, steps[^1].Samples);
        Assert.Equal(result.History, events.OfType<EpochProgress>());
        Assert.Equal(result.Constraints, Assert.Single(events.OfType<RoundProgress>()).Constraints);
        Assert.Equal(network.Score(test).Accuracy(test.Labels), result.History[^1].TestAccuracy);
    }

    [Fact]
    public void A_diverging_run_stops_and_says_where()
    {
        using var network = TinyProblem.Network();
        var options = Quick with { Optimizer = OptimizerKind.Sgd, LearningRate = 1e30 };
        var error = Assert.Throws<DivergenceException>(() => MarginTrainer.Train(network, TinyProblem.Images(96), options));
        Assert.Matches(
            "the loss became (NaN|∞|-∞|Infinity|-Infinity) at round 1, epoch \\d+, step \\d+, learning rate 1e\\+30", error.Message);
    }

    [Fact]
    public void Cancelling_stops_between_two_steps()
    {
        using var network = TinyProblem.Network();
        using var source = new CancellationTokenSource();
        var steps = 0;
        var stopAtFive = new Callback(progress =>
        {
            if (progress is StepProgress && ++steps == 5)
            {
                source.Cancel();
            }
        });
        Assert.Throws<OperationCanceledException>(
            () => MarginTrainer.Train(network, TinyProblem.Images(96), Quick, progress: stopAtFive, cancellation: source.Token));
        Assert.Equal(5, steps);
        Assert.False(network.training);
    }

    [Fact]
    public void Training_leaves_no_tensors_behind()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(96);
        MarginTrainer.Train(network, images, Quick with { Epochs = 1 }); // Gradients appear in the first run.
        Assert.Equal(0, LiveTensors.LeftBy(() => MarginTrainer.Train(network, images, Quick with { Augment = true, Rounds = 2 }, images)));
    }

    [Fact]
    public void Unlabelled_or_contradictory_input_is_refused()
    {
        using var network = TinyProblem.Network();
        var images = TinyProblem.Images(8);
        var unlabelled = MarginNet.Data.ImageSet.Create(new byte[4], [-1], 1, 2, 2);
        Assert.Contains(
            "sample 0 has no label",
            Assert.Throws<ArgumentException>(() => MarginTrainer.Train(network, unlabelled, Quick)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => MarginTrainer.Train(network, images, Quick with { SampleMargins = [1] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { TargetMargin = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { LearningRate = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { Temperature = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { MaxShift = -1 }));
        Assert.Throws<ArgumentException>(() => MarginTrainer.Train(network, images, Quick with { BiasRateFactor = 2 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { Rounds = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(network, images, Quick with { BatchSize = 0 }));
    }

    private static byte[] TrainedWeights(TrainingOptions options)
    {
        using var network = TinyProblem.Network();
        MarginTrainer.Train(network, TinyProblem.Images(96), options);
        return TinyProblem.Weights(network);
    }

    private sealed class Recorder(List<TrainingProgress> events) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => events.Add(value);
    }

    private sealed class Callback(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => action(value);
    }
}

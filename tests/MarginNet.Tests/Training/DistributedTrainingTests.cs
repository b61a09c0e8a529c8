using MarginNet.Distributed;
using MarginNet.Losses;
using MarginNet.Tests.Distributed;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

/// <summary>Several ranks, as threads, take the steps of one process with the whole batch.</summary>
public sealed class DistributedTrainingTests
{
    private const double Rounding = 2e-4; // Of weights of order 1 after some dozens of steps in float32.

    private static readonly TrainingOptions Quick = new()
    {
        Epochs = 3,
        BatchSize = 16,
        LearningRate = 1e-2,
        TargetMargin = 5,
        Loss = MarginLoss.ShiftedSoftmax,
        Optimizer = OptimizerKind.Sgd, // Adam divides by gradients whose rounding may be all of them.
    };

    public static TheoryData<int, int> Sizes => new() { { 1, 48 }, { 2, 48 }, { 3, 50 }, { 4, 51 }, { 5, 34 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Ranks_without_batch_norm_end_with_the_weights_of_one_process_whatever_the_last_batch(int size, int images)
    {
        var alone = Train(null, Plain(), images, Quick);
        var ranks = Train(size, Plain, images, Quick);
        Assert.All(ranks, rank => Assert.Equal(ranks[0].Weights, rank.Weights));
        AssertClose(alone.Weights, ranks[0].Weights);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Synchronised_batch_norms_are_those_of_the_whole_batch(int size, int images)
    {
        var options = Quick with { Epochs = 2 };
        var alone = Train(null, TinyProblem.Network(), images, options);
        var ranks = Train(size, () => TinyProblem.Network(), images, options with { SynchronizeBatchNorm = true });
        AssertClose(alone.Weights, ranks[0].Weights);
    }

    [Fact]
    public void Local_batch_norms_differ_from_those_of_the_whole_batch_and_their_statistics_are_one()
    {
        var alone = Train(null, TinyProblem.Network(), 48, Quick);
        var ranks = Train(2, () => TinyProblem.Network(), 48, Quick);
        Assert.Equal(ranks[0].Weights, ranks[1].Weights);
        Assert.True(Difference(alone.Weights, ranks[0].Weights) > Rounding);
    }

    [Fact]
    public void Dual_weights_constraints_history_and_recorded_margins_are_those_of_one_process()
    {
        var options = Quick with { Rounds = 3, Loss = MarginLoss.DualHinge, RecordMargins = true, WarmupEpochs = 1 };
        var alone = Train(null, Plain(), 50, options, test: 20).Result;
        var ranks = Train(3, Plain, 50, options, test: 20);
        Assert.All(ranks, rank =>
        {
            Assert.Equal(alone.Rounds, rank.Result.Rounds);
            AssertClose(alone.DualWeights.Values, rank.Result.DualWeights.Values, 1e-9);
            Assert.Equal(alone.Constraints.Met, rank.Result.Constraints.Met);
            Assert.Equal(alone.History.Length, rank.Result.History.Length);
            AssertClose(alone.History.Select(epoch => epoch.Loss), rank.Result.History.Select(epoch => epoch.Loss), 1e-4);
            Assert.Equal(alone.History.Select(epoch => epoch.TestAccuracy), rank.Result.History.Select(epoch => epoch.TestAccuracy));
            AssertClose(alone.Margins!.Mean(), rank.Result.Margins!.Mean(), 1e-3);
            Assert.Equal(alone.Margins.Epochs, rank.Result.Margins.Epochs);
        });
    }

    [Fact]
    public void Augmentation_and_Lipschitz_control_are_those_of_one_process()
    {
        var options = Quick with { Augment = true, MaxShift = 1, LipschitzMargin = 0.1, LipschitzProjection = 2 };
        var alone = Train(null, Plain(), 50, options);
        AssertClose(alone.Weights, Train(2, Plain, 50, options)[0].Weights);
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    public void A_deterministic_run_gives_the_same_bytes_for_any_number_of_ranks(OptimizerKind optimizer)
    {
        var options = Quick with { Deterministic = true, Optimizer = optimizer, Rounds = 2, Augment = true, MaxShift = 1 };
        var alone = Train(null, TinyProblem.Network(), 53, options);
        foreach (var size in new[] { 1, 2, 3, 8 })
        {
            Assert.All(Train(size, () => TinyProblem.Network(), 53, options), rank => Assert.Equal(alone.Weights, rank.Weights));
        }
    }

    [Fact]
    public void A_stopped_run_goes_on_with_another_number_of_ranks_to_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        var options = Quick with { Deterministic = true, Checkpoints = new(folder["m.resume.pt"]) };
        var whole = Train(null, TinyProblem.Network(), 53, Quick with { Deterministic = true }).Weights;
        using var stop = new CancellationTokenSource();
        var networks = Networks(3, () => TinyProblem.Network());
        Assert.Throws<OperationCanceledException>(() => ThreadGroup.Run(3, group => MarginTrainer.Train(
            networks[group.Rank], TinyProblem.Images(53, mislabelled: 0.1), options with { Group = group },
            progress: new StopAfter(stop, group.Rank == 1 ? 6 : int.MaxValue), cancellation: group.Rank == 1 ? stop.Token : default)));
        var resumed = options with { Checkpoints = new(folder["m.resume.pt"]) { Resume = true } };
        Assert.All(Train(2, () => TinyProblem.Network(), 53, resumed), rank => Assert.Equal(whole, rank.Weights));
    }

    [Fact]
    public void Ranks_that_are_not_started_alike_are_refused()
    {
        var networks = Networks(2, Plain);
        var seeds = Assert.Throws<InvalidDataException>(() => ThreadGroup.Run(2, group =>
            MarginTrainer.Train(networks[group.Rank], TinyProblem.Images(20), Quick with { Group = group, Seed = group.Rank })));
        Assert.StartsWith("Rank 1 of 2 was not started as rank 0: seed 1, and there seed 0.", seeds.Message, StringComparison.Ordinal);
        var data = Assert.Throws<InvalidDataException>(() => ThreadGroup.Run(2, group =>
            MarginTrainer.Train(networks[group.Rank], TinyProblem.Images(20, seed: 1 + group.Rank), Quick with { Group = group })));
        Assert.Contains("training_images", data.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_first_weights_become_those_of_rank_0()
    {
        var networks = Enumerable.Range(1, 2).Select(seed => Plain(seed)).ToArray();
        var ranks = ThreadGroup.Run(2, group =>
        {
            MarginTrainer.Train(networks[group.Rank], TinyProblem.Images(32, mislabelled: 0.1), Quick with { Group = group });
            return TinyProblem.Weights(networks[group.Rank]);
        });
        Assert.Equal(ranks[0], ranks[1]);
        AssertClose(Floats(Train(null, Plain(), 32, Quick).Weights), Floats(ranks[0]), Rounding);
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_all_ranks_alike()
    {
        var networks = Networks(2, Plain);
        var thrown = ThreadGroup.Run(2, group => Assert.Throws<DivergenceException>(() => MarginTrainer.Train(
            networks[group.Rank], TinyProblem.Images(32), Quick with { Group = group, LearningRate = 1e30 })).Message);
        Assert.Equal(thrown[0], thrown[1]);
    }

    [Fact]
    public void Options_that_do_not_go_together_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Train(3, Plain, 20, Quick with { BatchSize = 2 }));
        Assert.Throws<ArgumentException>(() => Train(null, Plain(), 20, Quick with { Deterministic = true, SynchronizeBatchNorm = true }));
    }

    [Fact]
    public void A_sum_over_ranks_has_the_gradient_of_the_sum_of_all_losses()
    {
        // L = Σᵣ aᵣ · y² with y = Σᵣ xᵣ, so that ∂L/∂xᵣ = 2 y Σₛ aₛ on every rank.
        var gradients = ThreadGroup.Run(3, group =>
        {
            using var scope = NewDisposeScope();
            var x = tensor(1.0 + group.Rank, requires_grad: true);
            ((group.Rank + 1) * RankSum.Of(x, group).square()).backward();
            return x.grad!.item<double>();
        });
        Assert.All(gradients, gradient => Assert.Equal(2 * 6 * 6, gradient, 1e-12));
    }

    private static nn.Module<Tensor, Tensor> Plain() => Plain(1);

    private static nn.Module<Tensor, Tensor> Plain(int seed)
    {
        manual_seed(seed);
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, TinyProblem.Classes));
    }

    private static nn.Module<Tensor, Tensor>[] Networks(int size, Func<nn.Module<Tensor, Tensor>> create) =>
        [.. Enumerable.Range(0, size).Select(_ => create())]; // Here, since torch's generator is one for all threads.

    private static Trained Train(
        IProcessGroup? group, nn.Module<Tensor, Tensor> network, int images, TrainingOptions options, int test = 0)
    {
        var held = test > 0 ? TinyProblem.Images(test, seed: 9) : null;
        var result = MarginTrainer.Train(network, TinyProblem.Images(images, mislabelled: 0.1), options with { Group = group }, held);
        return new(TinyProblem.Weights(network), result);
    }

    private static Trained[] Train(int size, Func<nn.Module<Tensor, Tensor>> create, int images, TrainingOptions options, int test = 0)
    {
        var networks = Networks(size, create);
        return ThreadGroup.Run(size, group => Train(group, networks[group.Rank], images, options, test));
    }

    private static double[] Floats(byte[] weights) =>
        [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(weights).ToArray().Select(value => (double)value)];

    private static double Difference(byte[] expected, byte[] found) =>
        Floats(expected).Zip(Floats(found), (x, y) => Math.Abs(x - y)).Max();

    private static void AssertClose(byte[] expected, byte[] found) => Assert.InRange(Difference(expected, found), 0, Rounding);

    private static void AssertClose(IEnumerable<double> expected, IEnumerable<double> found, double tolerance) =>
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, tolerance));

    private sealed record Trained(byte[] Weights, TrainingResult Result);

    private sealed class StopAfter(CancellationTokenSource source, int steps) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is StepProgress { Steps: var done } && done >= steps)
            {
                source.Cancel();
            }
        }
    }
}

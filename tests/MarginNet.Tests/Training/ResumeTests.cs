using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Tests.Checkpoints;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class ResumeTests : IDisposable
{
    private const int Steps = 30; // Of a run: six in each of five epochs.

    private static readonly TrainingOptions Everything = new()
    {
        Loss = MarginLoss.DualHinge,
        WarmupEpochs = 1,
        Epochs = 2,
        Rounds = 2,
        RampEpochs = 3,
        BatchSize = 16,
        LearningRate = 1e-2,
        TargetMargin = 5,
        Schedule = LearningRateSchedule.OneCycle,
        WeightDecay = 1e-3,
        Augment = true,
        RecordMargins = true,
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<OptimizerKind, int, bool> Runs => new()
    {
        { OptimizerKind.Adam, 1, false },
        { OptimizerKind.AdamW, 0, true },
        { OptimizerKind.Sgd, 2, false },
        { OptimizerKind.Sgd, 0, true },
        { OptimizerKind.Adam, 0, false },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Runs))]
    public void A_run_killed_at_any_event_and_resumed_ends_as_one_that_was_not(OptimizerKind optimizer, int everyEpochs, bool everyStep)
    {
        var options = Everything with { Optimizer = optimizer };
        var expected = Outcome.Of(options);
        var checkpoints = Checkpoints with { EveryEpochs = everyEpochs, Every = everyStep ? TimeSpan.Zero : null };
        Assert.Equal(Steps + 5 + 2, expected.Events.Count);
        foreach (var killed in new[] { 1, 2, 6, 7, 8, 13, 14, 15, 21, 22, 23, 24, 30, 35, 36, 37 })
        {
            Assert.Throws<KilledException>(() => Outcome.Of(options with { Checkpoints = checkpoints }, killAt: killed));
            Outcome.Of(options with { Checkpoints = checkpoints with { Resume = true } }, seed: 7).AssertEquals(expected);
            checkpoints.Delete();
        }
    }

    [Fact]
    public void Networks_of_the_library_resume_to_the_same_weights()
    {
        var images = SyntheticShapes.Create(60, 1).Train;
        byte[] Trained(Func<Classifier> create, TrainingOptions options, int killAt = int.MaxValue)
        {
            manual_seed(3);
            using var network = create();
            (network as FastNet)?.Whiten(images);
            MarginTrainer.Train(network, images, options, progress: new Killer(killAt));
            return TinyProblem.Weights(network);
        }

        void Check(Func<Classifier> create, TrainingOptions options)
        {
            var checkpoints = Checkpoints with { Every = TimeSpan.Zero };
            Assert.Throws<KilledException>(() => Trained(create, options with { Checkpoints = checkpoints }, killAt: 6));
            Assert.Equal(Trained(create, options), Trained(create, options with { Checkpoints = checkpoints with { Resume = true } }));
            checkpoints.Delete();
        }

        Check(() => new FastNet(new() { Width = 4 }), TrainingOptions.Fast with { Epochs = 2, BatchSize = 16 });
        Check(() => new ResNet18(new() { Width = 4 }), new() { Loss = MarginLoss.DualHinge, Epochs = 2, BatchSize = 16 });
        Check(() => new LipNet(new() { Width = 4 }), TrainingOptions.Certified with { Epochs = 2, BatchSize = 16 });
        Check(
            () => new ResNet18(new() { Width = 4 }),
            new() { Loss = MarginLoss.ShiftedSoftmax, Epochs = 2, BatchSize = 16, LipschitzMargin = 1e-7, LipschitzProjection = 1 });
    }

    [Fact]
    public void A_run_killed_again_and_again_still_ends_as_one_that_was_not()
    {
        var options = Everything with { Checkpoints = Checkpoints with { Every = TimeSpan.Zero, Resume = true } };
        for (var kills = 0; kills < 9; kills++)
        {
            Assert.Throws<KilledException>(() => Outcome.Of(options, killAt: 5));
        }

        Outcome.Of(options, seed: 8).AssertEquals(Outcome.Of(Everything));
    }

    [Fact]
    public void A_cancelled_run_goes_on_from_the_very_step()
    {
        using var source = new CancellationTokenSource();
        var options = Everything with { Checkpoints = Checkpoints with { EveryEpochs = 0 } };
        Assert.Throws<OperationCanceledException>(() => Outcome.Of(options, killAt: 17, source: source));
        var resumed = Outcome.Of(options with { Checkpoints = options.Checkpoints with { Resume = true } });
        var restored = Assert.IsType<RestoredProgress>(resumed.Events[0]);
        Assert.Equal((1, 2, 15L, 2, 0), (restored.Round, restored.Epoch, restored.Steps, restored.History.Length, restored.Rounds.Length));
        Assert.Equal(16, Assert.IsType<StepProgress>(resumed.Events[1]).Steps);
        resumed.AssertEquals(Outcome.Of(Everything));
    }

    [Fact]
    public void A_damaged_last_state_gives_way_to_the_one_before_it_with_a_warning()
    {
        KillWithTwoStates();
        var bytes = File.ReadAllBytes(Checkpoints.Path);
        bytes.AsSpan(bytes.Length / 2, 200).Fill(7); // More than the padding between two parts.
        File.WriteAllBytes(Checkpoints.Path, bytes);
        var resumed = Outcome.Of(Everything with { Checkpoints = Checkpoints with { Resume = true } });
        var warning = Assert.Single(resumed.Events.OfType<TrainingWarning>());
        Assert.Contains($"'{Checkpoints.Path}' cannot be read", warning.Message, StringComparison.Ordinal);
        Assert.EndsWith($"Going on from the state before it, '{Checkpoints.PreviousPath}'.", warning.Message, StringComparison.Ordinal);
        resumed.AssertEquals(Outcome.Of(Everything));
    }

    [Fact]
    public void Any_damage_is_noticed()
    {
        KillWithTwoStates();
        File.Delete(Checkpoints.PreviousPath);
        var original = File.ReadAllBytes(Checkpoints.Path);
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            var mutated = Mutation.Of(original, random);
            if (!mutated.AsSpan().SequenceEqual(original))
            {
                File.WriteAllBytes(Checkpoints.Path, mutated);
                try
                {
                    Outcome.Of(Everything with { Checkpoints = Checkpoints with { Resume = true } }).AssertEquals(Outcome.Of(Everything));
                }
                catch (InvalidDataException e)
                {
                    Assert.StartsWith($"'{Checkpoints.Path}' ", e.Message, StringComparison.Ordinal);
                    Assert.EndsWith(" There is no whole state before it: delete it to start anew.", e.Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void A_state_of_other_settings_or_data_is_refused_by_name()
    {
        KillWithTwoStates();
        var options = Everything with
        {
            LearningRate = 0.25,
            Epochs = 3,
            Checkpoints = Checkpoints with { Resume = true, Settings = new Dictionary<string, object?> { ["width"] = 4L } },
        };
        var error = Assert.Throws<InvalidDataException>(() => Outcome.Of(options));
        Assert.Contains($"'{Checkpoints.Path}' is the state of another run: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(
            "epochs was 2 and is 3; learning_rate was 0.01 and is 0.25; width was none and is 4. Give the same",
            error.Message,
            StringComparison.Ordinal);

        error = Assert.Throws<InvalidDataException>(
            () => Outcome.Of(Everything with { RecordMargins = false, Checkpoints = Checkpoints with { Resume = true } }));
        Assert.Contains("record_margins was True and is none", error.Message, StringComparison.Ordinal);

        using var network = TinyProblem.Network();
        var resume = Everything with { Checkpoints = Checkpoints with { Resume = true } };
        error = Assert.Throws<InvalidDataException>(() => MarginTrainer.Train(network, TinyProblem.Images(96, seed: 2), resume));
        Assert.Contains("training_images was ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_number_of_threads_is_a_warning()
    {
        var threads = get_num_threads();
        try
        {
            KillWithTwoStates();
            set_num_threads(threads + 1);
            var resumed = Outcome.Of(Everything with { Checkpoints = Checkpoints with { Resume = true } });
            Assert.Contains(
                $"threads was {threads} and is {threads + 1}", Assert.Single(resumed.Events.OfType<TrainingWarning>()).Message,
                StringComparison.Ordinal);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [LinuxFact]
    public void A_disk_that_fills_up_is_a_warning_and_loses_nothing()
    {
        var options = Everything with { Checkpoints = Checkpoints };
        Assert.Throws<KilledException>(() => Outcome.Of(options, killAt: 24, then: progress =>
        {
            if (progress is EpochProgress { Round: 1, Epoch: 1 })
            {
                File.Move(Checkpoints.Path, Checkpoints.PreviousPath, overwrite: true);
                File.CreateSymbolicLink(Checkpoints.Path, "/dev/full");
            }
            else if (progress is TrainingWarning warning)
            {
                Assert.Contains("No space left on device", warning.Message, StringComparison.Ordinal);
                Assert.EndsWith("The run goes on; its state before this one is still there.", warning.Message, StringComparison.Ordinal);
            }
        }));
        File.Delete(Checkpoints.Path);
        Outcome.Of(options with { Checkpoints = Checkpoints with { Resume = true } }).AssertEquals(Outcome.Of(Everything));
    }

    [Fact]
    public void The_leftovers_of_killed_writes_are_removed_and_nothing_else_is()
    {
        foreach (var name in new[] { "m.resume.pt.abcdefgh.ijk.tmp", "m.resume.pt.mine.tmp", "other.tmp" })
        {
            File.WriteAllText(_folder[name], "");
        }

        Outcome.Of(Everything with { Checkpoints = Checkpoints });
        Checkpoints.Delete();
        Assert.Equal(
            ["m.resume.pt.mine.tmp", "other.tmp"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_diverging_run_goes_back_and_halves_its_rate_until_it_does_not()
    {
        var options = Everything with
        {
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 1e20,
            Schedule = LearningRateSchedule.Constant,
            Checkpoints = Checkpoints with { MaxRollbacks = 100 },
        };
        var run = Outcome.Of(options);
        var warnings = run.Events.OfType<TrainingWarning>().ToArray();
        Assert.InRange(warnings.Length, 10, 100);
        Assert.Equal(warnings.Length, run.Events.OfType<RestoredProgress>().Count());
        Assert.Matches("^Training diverged: .* step \\d+, learning rate 1e\\+20\\. Lower the learning rate, .* Rollback 1 of 100: "
            + ".* with 0\\.5 of the learning rate\\.$", warnings[0].Message);
        Assert.Equal(1e20 * Math.ScaleB(1, -warnings.Length), run.Result.History[^1].LearningRate);
        Assert.True(double.IsFinite(run.Result.History[^1].Loss));

        Assert.Throws<KilledException>(() => Outcome.Of(options, killAt: run.Events.Count - 3));
        Outcome.Of(options with { Checkpoints = options.Checkpoints with { Resume = true } }).AssertEquals(run);
        Assert.Throws<DivergenceException>(() => Outcome.Of(options with { Checkpoints = options.Checkpoints with { MaxRollbacks = 3 } }));
    }

    [Fact]
    public void Keeping_and_restoring_states_leaves_no_tensors_behind()
    {
        using var network = TinyProblem.Network();
        var options = Everything with { Checkpoints = Checkpoints with { Every = TimeSpan.Zero, Resume = true } };
        var images = TinyProblem.Images(96);
        MarginTrainer.Train(network, images, options with { Epochs = 1 }); // Gradients appear in the first run.
        Checkpoints.Delete();
        Assert.Equal(0, LiveTensors.LeftBy(() =>
        {
            Assert.Throws<KilledException>(() => MarginTrainer.Train(network, images, options, progress: new Killer(20)));
            MarginTrainer.Train(network, images, options, progress: new Killer(1000));
        }));
    }

    [Fact]
    public void Intervals_below_zero_and_an_empty_path_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new TrainingCheckpoints(""));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Outcome.Of(Everything with { Checkpoints = Checkpoints with { EveryEpochs = -1 } }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Outcome.Of(Everything with { Checkpoints = Checkpoints with { Every = TimeSpan.FromSeconds(-1) } }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => Outcome.Of(Everything with { Checkpoints = Checkpoints with { MaxRollbacks = -1 } }));
    }

    private TrainingCheckpoints Checkpoints => new(_folder["m.resume.pt"]);

    private void KillWithTwoStates() =>
        Assert.Throws<KilledException>(() => Outcome.Of(Everything with { Checkpoints = Checkpoints }, killAt: 24));

    private sealed class KilledException : Exception;

    /// <summary>Stops the run at an event as a kill would: no code of the run gets to know.</summary>
    private sealed class Killer(
        int at, Action<TrainingProgress>? then = null, CancellationTokenSource? source = null) : IProgress<TrainingProgress>
    {
        public List<TrainingProgress> Events { get; } = [];

        public void Report(TrainingProgress value)
        {
            Events.Add(value);
            then?.Invoke(value);
            if (Events.Count == at)
            {
                source?.Cancel();
                if (source is null)
                {
                    throw new KilledException();
                }
            }
        }
    }

    private sealed record Outcome(TrainingResult Result, byte[] Weights, byte[] NextRandom, List<TrainingProgress> Events)
    {
        public static Outcome Of(
            TrainingOptions options, int killAt = int.MaxValue, int seed = 1, Action<TrainingProgress>? then = null,
            CancellationTokenSource? source = null)
        {
            manual_seed(seed);
            using var network = nn.Sequential(
                nn.Flatten(), nn.Linear(4, 16), nn.ReLU(), nn.BatchNorm1d(16), nn.Dropout(0.2), nn.Linear(16, TinyProblem.Classes));
            var killer = new Killer(killAt, then, source);
            var result = MarginTrainer.Train(
                network, TinyProblem.Images(96, mislabelled: 0.1), options, TinyProblem.Images(30, seed: 2), killer,
                source?.Token ?? default);
            using var next = rand(4);
            return new(result, TinyProblem.Weights(network), next.bytes.ToArray(), killer.Events);
        }

        public void AssertEquals(Outcome expected)
        {
            Assert.Equal(expected.Weights, Weights);
            Assert.Equal(expected.NextRandom, NextRandom);
            Assert.Equal([.. expected.Result.History], Result.History.ToArray());
            Assert.Equal(expected.Result.DualWeights.Values.AsSpan(), Result.DualWeights.Values.AsSpan());
            Assert.Equal([.. expected.Result.Constraints.Violations], Result.Constraints.Violations.ToArray());
            Assert.Equal(expected.Result.Rounds, Result.Rounds);
            Assert.Equal(expected.Result.Margins!.Mean(), Result.Margins!.Mean());
            Assert.Equal(expected.Result.Margins.Last(), Result.Margins.Last());
            for (var i = 0; i < 96; i++)
            {
                Assert.Equal(expected.Result.Margins.MeanScores![i], Result.Margins.MeanScores![i]);
            }
        }
    }
}

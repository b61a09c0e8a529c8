using System.Collections.Immutable;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>All that changes while a run goes on.</summary>
internal sealed class RunState : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> _network;
    private readonly TrainingOptions _options;
    private readonly Device _device;
    private readonly FusedStep? _fused;
    private readonly int _steps; // Of an epoch.

    public RunState(nn.Module<Tensor, Tensor> network, TrainingOptions options, ImageSet train)
    {
        (_network, _options, _device) = (network, options, network.Device());
        Optimizer = options.Create(network);
        _fused = options.FusedSteps ? FusedStep.Create(Optimizer) : null;
        Scaler = new(options.Precision == Precision.Float16);
        _steps = ((train.Count - 1) / options.BatchSize) + 1;
        DualWeights = DualWeights.Ones(train.Count); // Step 0
        Recorder = options.RecordMargins
            ? new(options.WarmupEpochs + (options.Rounds * options.Epochs), train.Count, _device)
            : null;
        Lipschitz = new(network, new(train.Channels, train.Height, train.Width), options, _device);
    }

    public OptimizerHelper Optimizer { get; }

    public GradientScaler Scaler { get; }

    public LipschitzControl Lipschitz { get; }

    /// <summary>Null where nothing is to be recorded.</summary>
    public MarginRecorder? Recorder { get; }

    public TrainingPosition Position { get; set; } = TrainingPosition.Start;

    public DualWeights DualWeights { get; set; }

    public ImmutableArray<EpochProgress> History { get; private set; } = [];

    public ImmutableArray<RoundSummary> Rounds { get; private set; } = [];

    /// <summary>How often the learning rate was halved.</summary>
    public int Rollbacks { get; set; }

    /// <summary>The sums of the epoch under way; null between two.</summary>
    public TrainingTally? Tally { get; private set; }

    /// <summary>The generator of the epoch under way; null between two.</summary>
    public Generator? Augmentation { get; private set; }

    /// <summary>Starts the epoch at the present position, unless it is under way.</summary>
    public void BeginEpoch()
    {
        Tally ??= new(_device);
        Augmentation ??= new(new SplitMix64(_options.Seed, Position.EpochsSoFar(_options)).NextUInt64());
    }

    public void EndEpoch(EpochProgress summary)
    {
        History = History.Add(summary);
        Position = Position.NextEpoch;
        LeaveEpoch();
    }

    public void EndRound(ConstraintReport constraints, DualWeights next)
    {
        Rounds = Rounds.Add(new(Position.Round, constraints.Total, constraints.Met));
        DualWeights = next;
        Position = Position.NextRound;
    }

    /// <summary>Moves the weights by their gradients.</summary>
    /// <returns>Whether they moved: not where gradients of float16 overflowed.</returns>
    public bool StepWeights() => Scaler.Step(Optimizer, _fused is null ? () => Optimizer.step() : _fused.Run);

    /// <summary>Copies the state; null where the weights are no longer finite, and nobody should go on from them.</summary>
    public TrainingState? Capture()
    {
        using var scope = NewDisposeScope();
        if (!_network.state_dict().Values.All(weights => weights.isfinite().all().item<bool>()))
        {
            return null;
        }

        return new()
        {
            Position = Position,
            Rollbacks = Rollbacks,
            DualWeights = [.. DualWeights.Values],
            History = History,
            Rounds = Rounds,
            Epoch = Tally is null ? null : new(Tally.Sums, Tally.Samples, StoredTensor.FromTensor(Augmentation!.get_state())),
            Network = NetworkWeights.Capture(_network),
            Optimizer = OptimizerMemory.Capture(Optimizer),
            Scaler = Scaler.Capture(),
            Lipschitz = Lipschitz.Capture(),
            Recorder = Recorder?.Capture(),
            Random = StoredTensor.FromTensor(random.get_rng_state()),
        };
    }

    /// <summary>Becomes a captured state of a run with the same settings.</summary>
    public void Restore(TrainingState state)
    {
        ThrowIfImpossible(state);
        using var scope = NewDisposeScope();
        var generator = GeneratorState.ToTensor(state.Random);
        var augmentation = state.Epoch is null ? null : GeneratorState.ToTensor(state.Epoch.Augmentation);
        NetworkWeights.Load(_network, new PlainDictionary(state.Network, "state_dict"));
        OptimizerMemory.Restore(
            Optimizer,
            [.. state.Optimizer.Select((memory, i) => new PlainDictionary((Dictionary<string, object?>)memory!, $"optimizer[{i}]"))]);
        if (state.Scaler is { } scaler)
        {
            Scaler.Restore(new PlainDictionary(scaler, "scaler"));
        }

        Lipschitz.Restore(new PlainDictionary(state.Lipschitz, "lipschitz"));
        if (state.Recorder is { } recorded)
        {
            Recorder?.Restore(new PlainDictionary(recorded, "recorder"));
        }

        random.set_rng_state(generator);
        (Position, Rollbacks, History, Rounds) = (state.Position, state.Rollbacks, state.History, state.Rounds);
        DualWeights = DualWeights.Restore(state.DualWeights);
        LeaveEpoch();
        if (state.Epoch is { } epoch)
        {
            Tally = new(_device, epoch.Sums, epoch.Samples);
            Augmentation = new(0);
            Augmentation.set_state(augmentation!);
        }
    }

    public void Dispose()
    {
        LeaveEpoch();
        Lipschitz.Dispose();
        Recorder?.Dispose();
        Optimizer.Dispose();
    }

    private void ThrowIfImpossible(TrainingState state)
    {
        var (round, epoch, step) = state.Position;
        if (round > _options.Rounds || epoch < 1 || epoch > TrainingPosition.Epochs(round, _options) + 1 || step > _steps)
        {
            throw new InvalidDataException($"A run of these settings is never at round {round}, epoch {epoch}, step {step}.");
        }

        if (Recorder is not null && state.Recorder is null)
        {
            throw new InvalidDataException("It has no record of margins.");
        }

        if (state.DualWeights.Length != DualWeights.Values.Length || state.Epoch is { Sums.Length: not 3 })
        {
            throw new InvalidDataException($"Expected {DualWeights.Values.Length} dual weights and 3 sums of an epoch, "
                + $"but found {state.DualWeights.Length} and {state.Epoch?.Sums.Length}.");
        }
    }

    private void LeaveEpoch()
    {
        Tally?.Dispose();
        Augmentation?.Dispose();
        (Tally, Augmentation) = (null, null);
    }
}

using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Distributed;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Margins;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>One run of <see cref="MarginTrainer.Train"/>: the outer loop over rounds, the epochs of a round,
/// the steps of an epoch.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const int AcceleratorReadInterval = 50; // Steps between two readings, since each one waits for the device.

    private readonly nn.Module<Tensor, Tensor> _network;
    private readonly TrustedNetwork _trusted;
    private readonly ImageSet _train;
    private readonly ImageSet? _test;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Device _device;
    private readonly double[] _targetMargins;
    private readonly DeviceSamples _samples;
    private readonly RunState _state;
    private readonly RunKeeper? _keeper;
    private readonly RobustObjective? _robust;
    private readonly IProcessGroup? _group;
    private readonly BatchExchange? _exchange; // Of the ranks, or of the fixed parts of a deterministic run; null for whole batches.
    private readonly SynchronizedBatchNorm? _synchronized;
    private double _loss; // At the last reading.

    public TrainingRun(
        nn.Module<Tensor, Tensor> network, ImageSet train, ImageSet? test, TrainingOptions options, IProgress<TrainingProgress>? progress,
        CancellationToken cancellation)
    {
        _device = network.Device();
        options = options with { Precision = options.Precision.Resolve(_device) };
        (_network, _train, _test, _options, _progress, _cancellation) = (network, train, test, options, progress, cancellation);
        _trusted = new(network, NetworkUse.Training, options.Precision);
        _targetMargins = options.TargetMargins(train.Count);
        if (options.InitialSize is not null)
        {
            ProgressiveResizing.ThrowIfImpossible(network);
        }

        _samples = new(train, _targetMargins, _device);
        _state = new(network, options, train);
        if (options.Robust is not null && _device.type != DeviceType.CPU)
        {
            throw new ArgumentException($"Training by bounds runs on a CPU, but the network is on {_device}: move it there.", nameof(network));
        }

        _robust = options.Robust is null ? null : new(network, new(train.Channels, train.Height, train.Width), options);
        _group = options.Group ?? (options.Deterministic ? new SoloGroup() : null);
        var settings = options.Checkpoints is null && _group is null ? [] : RunSettings.Of(options, train, test); // Of every pixel.
        if (options.Checkpoints is { } checkpoints)
        {
            _keeper = new(checkpoints, new(checkpoints, settings, _device, Warn, options.Group), Warn);
        }

        if (_group is not null)
        {
            RankAgreement.RequireSameRun(_group, settings, network);
            RankAgreement.BroadcastWeights(_group, network);
            _exchange = new(_group, network, options.Deterministic ? TrainingOptions.FixedParts : 0);
            _synchronized = options.SynchronizeBatchNorm ? new(network, _group) : null;
        }
    }

    private int StepsPerEpoch => ((_train.Count - 1) / _options.BatchSize) + 1;

    private long TotalSteps => (long)StepsPerEpoch * (_options.WarmupEpochs + ((long)_options.Rounds * _options.Epochs));

    private long Steps => ((long)StepsPerEpoch * Position.EpochsSoFar(_options)) + Position.Step;

    private TrainingPosition Position => _state.Position;

    /// <summary>What stops computations between steps; ranks have to agree first, and do so in a step.</summary>
    private CancellationToken Cancellation => _group is null ? _cancellation : CancellationToken.None;

    public void Dispose()
    {
        _synchronized?.Dispose();
        _exchange?.Dispose();
        _samples.Dispose();
        _state.Dispose();
        _trusted.Dispose();
    }

    public TrainingResult Run()
    {
        try
        {
            if (_keeper?.Start(_state) == true)
            {
                ReportRestored();
            }

            return RunRounds();
        }
        catch (OperationCanceledException)
        {
            _keeper?.Keep(_state);
            throw;
        }
        finally
        {
            _network.eval();
        }
    }

    private TrainingResult RunRounds()
    {
        while (true)
        {
            try
            {
                RunEpochs();
                if (Position.Round == 0)
                {
                    _state.Position = Position.NextRound;
                }
                else if (EndRound() is { } result)
                {
                    return result;
                }
            }
            catch (DivergenceException e)
            {
                if (_keeper?.TryRollBack(_state, e) != true)
                {
                    throw;
                }

                ReportRestored();
            }
        }
    }

    /// <summary>Trains what is left of the present round: step 1.</summary>
    private void RunEpochs()
    {
        var epochs = TrainingPosition.Epochs(Position.Round, _options);
        using var dualWeights = _samples.PerSample(_state.DualWeights.Values.AsSpan());
        while (Position.Epoch <= epochs)
        {
            RunEpoch(dualWeights);
            if (_keeper?.IsDueAfter(Position.EpochsSoFar(_options)) == true || Position.Epoch > epochs)
            {
                _keeper?.Keep(_state);
            }
        }
    }

    /// <summary>Checks the constraints, step 2, and raises the weights, step 3.</summary>
    /// <returns>Null if there is another round.</returns>
    private TrainingResult? EndRound()
    {
        var weights = _state.DualWeights;
        var scores = Score(_train, Precision.Float32);
        var margins = _robust is not null ? _robust.Margins(_train, _cancellation)
            : _options.LipschitzMargin > 0 ? LabelledRadii(scores) : scores.LabelledMargins(_train.Labels);
        var constraints = ConstraintReport.Check(margins, _targetMargins, weights);
        _progress?.Report(new RoundProgress(Position.Round, constraints));
        if (!constraints.AllMet && Position.Round < _options.Rounds)
        {
            _state.EndRound(
                constraints,
                weights.Update(_options.DualUpdate, margins, _targetMargins, _options.NormalizeDualWeights, _options.DualWeightCap));
            return null;
        }

        return new()
        {
            Constraints = constraints,
            DualWeights = weights,
            TrainingScores = scores,
            Margins = _state.Recorder?.Read(Position.EpochsSoFar(_options)),
            Rounds = Position.Round,
            History = _state.History,
        };
    }

    private double[] LabelledRadii(ScoreMatrix scores) =>
        LabelledRadius.Compute(
            scores, _train.Labels, LipschitzBounds.Compute(_network, new(_train.Channels, _train.Height, _train.Width), Cancellation));

    private void RunEpoch(Tensor dualWeights)
    {
        _state.BeginEpoch();
        var order = EpochOrder.Shuffled(_train.Count, _options.Seed, Position.EpochsSoFar(_options));
        using var deviceOrder = _samples.Order(order);
        _network.train();
        while (Position.Step < StepsPerEpoch)
        {
            Cancellation.ThrowIfCancellationRequested();
            var factor = RateFactor(Position);
            _state.Optimizer.SetRate(factor);
            var (step, start) = (Position.Step, Position.Step * _options.BatchSize);
            var batch = order.AsSpan(start, Math.Min(_options.BatchSize, order.Length - start));
            using var indices = deviceOrder.narrow(0, start, batch.Length);
            var stops = Step(batch, indices, dualWeights);
            _state.Position = Position.NextStep;
            var isDue = _keeper?.IsDue == true;
            var waits = _device.type == DeviceType.CPU || _group is not null; // In any case.
            if (waits || step % AcceleratorReadInterval == 0 || step == StepsPerEpoch - 1 || isDue)
            {
                Report(_options.LearningRate * factor);
            }

            if (isDue)
            {
                _keeper!.Keep(_state);
            }

            if (stops)
            {
                throw new OperationCanceledException(_cancellation);
            }
        }

        if (_group is not null)
        {
            RankAgreement.RequireSameWeights(_group, _network);
        }

        var (tally, last) = (_state.Tally!, Position with { Step = StepsPerEpoch - 1 });
        tally.Read();
        var accuracy = _test?.Count > 0 ? Score(_test, _options.Precision).Accuracy(_test.Labels) : (double?)null;
        var summary = new EpochProgress(
            last.Round, last.Epoch, Rate(last), Ramp(last) * _targetMargins.Max(), tally.Loss, tally.Accuracy, tally.ConstraintsMet,
            accuracy);
        _state.EndEpoch(summary);
        _progress?.Report(summary);
    }

    /// <summary>Trains on a batch.</summary>
    /// <returns>Whether this or another rank is asked to stop.</returns>
    private bool Step(ReadOnlySpan<int> batch, Tensor indices, Tensor dualWeights)
    {
        using var scope = NewDisposeScope();
        var shift = Math.Min(_options.MaxShift, Math.Min(_train.Height, _train.Width) - 1);
        var windows = _options.Augment ? CropFlipWindows.Draw(batch.Length, _state.Augmentation!, shift) : null;
        var stops = false;
        Tensor figures, logits;
        if (_exchange is null)
        {
            (figures, logits) = Pass(BatchPart.Whole(batch.Length), batch, indices, dualWeights, windows, shift);
        }
        else
        {
            var rows = new List<Tensor>();
            long classes = 0;
            foreach (var part in _exchange.Begin(batch.Length))
            {
                (figures, logits) = Pass(part, batch, indices, dualWeights, windows, shift);
                _exchange.Add(part, figures);
                rows.AddRange(part.Share > 0 ? [logits] : Array.Empty<Tensor>());
                classes = logits.shape[1];
            }

            (figures, stops) = _exchange.Sum(_cancellation.IsCancellationRequested);
            logits = _state.Recorder is null ? figures : _exchange.Gather(rows, classes);
            _synchronized?.ThrowIfNotReached();
        }

        if (_state.StepWeights())
        {
            _state.Lipschitz.AfterStep();
        }

        _state.Recorder?.Add(Position.EpochsSoFar(_options), indices, logits, _samples.Labels(indices));
        _state.Tally!.Add(figures, batch.Length);
        return stops;
    }

    /// <summary>Computes the gradients of a part of a batch.</summary>
    /// <returns>The sums for the tally, and the logits.</returns>
    private (Tensor Figures, Tensor Logits) Pass(
        BatchPart part, ReadOnlySpan<int> batch, Tensor indices, Tensor dualWeights, CropFlipWindows? windows, int shift)
    {
        using var scope = NewDisposeScope();
        indices = indices.narrow(0, part.First, part.Count);
        var bytes = _samples.Images(indices, batch.Slice(part.First, part.Count));
        if (windows is not null)
        {
            bytes = Augmentation.CropFlip(bytes, windows.Rows(part.First, part.Count), shift);
        }

        if (_synchronized is not null)
        {
            _synchronized.Counts = part.Share > 0;
        }

        var ramp = Ramp(Position);
        var loss = Position.Round == 0 ? MarginLoss.CrossEntropy : _options.Loss;
        var (labels, targets) = (_samples.Labels(indices), _samples.TargetMargins(indices));
        if (_robust is not null && Position.Round > 0)
        {
            var (sums, scored) = RobustPass(bytes.to(ScalarType.Float32).div_(255f), labels, targets, dualWeights.index_select(0, indices));
            return (sums.MoveToOuterDisposeScope(), scored.MoveToOuterDisposeScope());
        }

        var images = bytes.to(ScalarType.Float32).div_(255f);
        if (_options.InitialSize is { } initial)
        {
            images = ProgressiveResizing.Shrink(images, ProgressiveResizing.Size(initial, _train.Height, _train.Width, Progress(Position)));
        }

        var logits = _trusted.Call(images);
        var isRadius = _options.LipschitzMargin > 0 && Position.Round > 0;
        var (scores, margins) = isRadius
            ? (_state.Lipschitz.RaiseRivals(logits, labels, ramp), zeros_like(targets))
            : (logits, targets * ramp);
        var seen = isRadius && loss == MarginLoss.Emma ? EmmaLoss.Approach(logits, scores, labels) : scores;
        var (cooled, cooledTargets) = _options.Temperature == 1
            ? (seen, margins)
            : (seen / _options.Temperature, margins / _options.Temperature);
        var value = loss.Compute(cooled, labels, cooledTargets, dualWeights.index_select(0, indices)).mean();
        _network.zero_grad(set_to_none: true);
        _state.Scaler.Backward(part.Share == 1 ? value : value * part.Share);
        var figures = TrainingTally.Measure(value.detach(), logits, scores, isRadius ? margins : targets, labels);
        return (figures.MoveToOuterDisposeScope(), logits.detach().MoveToOuterDisposeScope());
    }

    /// <summary>The same of training by bounds, whose margins are those of the worst scores.</summary>
    private (Tensor Figures, Tensor Logits) RobustPass(Tensor images, Tensor labels, Tensor targets, Tensor dualWeights)
    {
        using var scope = NewDisposeScope();
        _trusted.Prepare(images);
        var (value, logits, worst, places) = _robust!.Differentiate(images, labels, Ramp(Position), Losses, _state.Augmentation!);
        var figures = TrainingTally.Measure(value, logits, labels, worst, Part(targets, places), Part(labels, places));
        return (figures.MoveToOuterDisposeScope(), logits.detach().MoveToOuterDisposeScope());

        Tensor Losses(Tensor scores, Tensor classes, Tensor? places) => _options.Loss.Compute(
            scores / _options.Temperature, classes, Part(targets, places) / _options.Temperature, Part(dualWeights, places));

        static Tensor Part(Tensor values, Tensor? places) => places is null ? values : values.index_select(0, places);
    }

    /// <summary>The learning rate of the step at a position.</summary>
    private double Rate(TrainingPosition position) => _options.LearningRate * RateFactor(position);

    /// <summary>The share of the peak learning rate that is due at a position.</summary>
    private double RateFactor(TrainingPosition position) => RunKeeper.Rate(_state.Rollbacks)
        * LearningRate.Factor(_options.Schedule, Progress(position));

    /// <summary>The share of the round that is done at a position.</summary>
    private double Progress(TrainingPosition position) =>
        position.EpochsInRound(StepsPerEpoch) / TrainingPosition.Epochs(position.Round, _options);

    /// <summary>The share of the margins asked for in the step at a position.</summary>
    private double Ramp(TrainingPosition position) => position.Round == 0 || _options.RampEpochs == 0
        ? 1
        : Math.Min(1, (((position.Round - 1) * _options.Epochs) + position.EpochsInRound(StepsPerEpoch)) / _options.RampEpochs);

    private void Report(double rate)
    {
        var tally = _state.Tally!;
        tally.Read();
        _loss = tally.Loss;
        if (!double.IsFinite(_loss))
        {
            throw Diverged(rate);
        }

        var samples = ((long)Position.EpochsSoFar(_options) * _train.Count) + tally.Samples;
        _progress?.Report(
            new StepProgress(Position.Round, Position.Epoch, Steps, TotalSteps, samples, tally.Loss, tally.Accuracy, tally.ConstraintsMet));
    }

    private void ReportRestored() =>
        _progress?.Report(new RestoredProgress(Position.Round, Position.Epoch, Steps, _state.History, _state.Rounds));

    private void Warn(string message) => _progress?.Report(new TrainingWarning(Position.Round, message));

    private ScoreMatrix Score(ImageSet images, Precision precision)
    {
        try
        {
            return _group is null
                ? _network.Score(images, precision, _cancellation)
                : SharedScoring.Score(_network, images, precision, _group);
        }
        catch (InvalidDataException)
        {
            throw Diverged(Rate(Position));
        }
    }

    private DivergenceException Diverged(double rate) =>
        new(_loss, Position.Round, Math.Min(Position.Epoch, TrainingPosition.Epochs(Position.Round, _options)), Steps, rate);
}

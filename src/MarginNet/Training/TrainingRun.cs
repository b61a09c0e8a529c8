using MarginNet.Certificates;
using MarginNet.Data;
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
    private double _loss; // At the last reading.

    public TrainingRun(
        nn.Module<Tensor, Tensor> network, ImageSet train, ImageSet? test, TrainingOptions options, IProgress<TrainingProgress>? progress,
        CancellationToken cancellation)
    {
        _device = network.Device();
        options = options with { Precision = options.Precision.Resolve(_device, isTraining: true) };
        (_network, _train, _test, _options, _progress, _cancellation) = (network, train, test, options, progress, cancellation);
        _trusted = new(network, NetworkUse.Training, options.Precision);
        _targetMargins = options.TargetMargins(train.Count);
        _samples = new(train, _targetMargins, _device);
        _state = new(network, options, train);
        if (options.Robust is not null && _device.type != DeviceType.CPU)
        {
            throw new ArgumentException($"Training by bounds runs on a CPU, but the network is on {_device}: move it there.", nameof(network));
        }

        _robust = options.Robust is null ? null : new(network, new(train.Channels, train.Height, train.Width), options);
        if (options.Checkpoints is { } checkpoints)
        {
            _keeper = new(checkpoints, new(checkpoints, RunSettings.Of(options, train, test), _device, Warn), Warn);
        }
    }

    private int StepsPerEpoch => ((_train.Count - 1) / _options.BatchSize) + 1;

    private long TotalSteps => (long)StepsPerEpoch * (_options.WarmupEpochs + ((long)_options.Rounds * _options.Epochs));

    private long Steps => ((long)StepsPerEpoch * Position.EpochsSoFar(_options)) + Position.Step;

    private TrainingPosition Position => _state.Position;

    public void Dispose()
    {
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
            scores, _train.Labels, LipschitzBounds.Compute(_network, new(_train.Channels, _train.Height, _train.Width), _cancellation));

    private void RunEpoch(Tensor dualWeights)
    {
        _state.BeginEpoch();
        var order = EpochOrder.Shuffled(_train.Count, _options.Seed, Position.EpochsSoFar(_options));
        using var deviceOrder = _samples.Order(order);
        _network.train();
        while (Position.Step < StepsPerEpoch)
        {
            _cancellation.ThrowIfCancellationRequested();
            var factor = RateFactor(Position);
            _state.Optimizer.SetRate(factor);
            var (step, start) = (Position.Step, Position.Step * _options.BatchSize);
            var batch = order.AsSpan(start, Math.Min(_options.BatchSize, order.Length - start));
            using var indices = deviceOrder.narrow(0, start, batch.Length);
            Step(batch, indices, dualWeights);
            _state.Position = Position.NextStep;
            var isDue = _keeper?.IsDue == true;
            if (_device.type == DeviceType.CPU || step % AcceleratorReadInterval == 0 || step == StepsPerEpoch - 1 || isDue)
            {
                Report(_options.LearningRate * factor);
            }

            if (isDue)
            {
                _keeper!.Keep(_state);
            }
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

    private void Step(ReadOnlySpan<int> batch, Tensor indices, Tensor dualWeights)
    {
        using var scope = NewDisposeScope();
        var bytes = _samples.Images(indices, batch);
        if (_options.Augment)
        {
            bytes = Augmentation.RandomCropFlip(
                bytes, _state.Augmentation!, Math.Min(_options.MaxShift, Math.Min(_train.Height, _train.Width) - 1));
        }

        var ramp = Ramp(Position);
        var loss = Position.Round == 0 ? MarginLoss.CrossEntropy : _options.Loss;
        var (labels, targets) = (_samples.Labels(indices), _samples.TargetMargins(indices));
        if (_robust is not null && Position.Round > 0)
        {
            RobustStep(bytes.to(ScalarType.Float32).div_(255f), indices, labels, targets, dualWeights.index_select(0, indices));
            return;
        }

        var logits = _trusted.Call(bytes.to(ScalarType.Float32).div_(255f));
        var isRadius = _options.LipschitzMargin > 0 && Position.Round > 0;
        var (scores, margins) = isRadius
            ? (_state.Lipschitz.RaiseRivals(logits, labels, ramp), zeros_like(targets))
            : (logits, targets * ramp);
        var (cooled, cooledTargets) = _options.Temperature == 1
            ? (scores, margins)
            : (scores / _options.Temperature, margins / _options.Temperature);
        var value = loss.Compute(cooled, labels, cooledTargets, dualWeights.index_select(0, indices)).mean();
        _network.zero_grad(set_to_none: true);
        _state.Scaler.Backward(value);
        if (_state.StepWeights())
        {
            _state.Lipschitz.AfterStep();
        }

        _state.Recorder?.Add(Position.EpochsSoFar(_options), indices, logits, labels);
        _state.Tally!.Add(value.detach(), logits, scores, isRadius ? margins : targets, labels);
    }

    /// <summary>A step of training by bounds, whose margins are those of the worst scores.</summary>
    private void RobustStep(Tensor images, Tensor indices, Tensor labels, Tensor targets, Tensor dualWeights)
    {
        _trusted.Prepare(images);
        var (value, logits, worst, places) = _robust!.Differentiate(images, labels, Ramp(Position), Losses, _state.Augmentation!);
        if (_state.StepWeights())
        {
            _state.Lipschitz.AfterStep();
        }

        _state.Recorder?.Add(Position.EpochsSoFar(_options), indices, logits, labels);
        _state.Tally!.Add(value, logits, labels, worst, Part(targets, places), Part(labels, places));

        Tensor Losses(Tensor scores, Tensor classes, Tensor? places) => _options.Loss.Compute(
            scores / _options.Temperature, classes, Part(targets, places) / _options.Temperature, Part(dualWeights, places));

        static Tensor Part(Tensor values, Tensor? places) => places is null ? values : values.index_select(0, places);
    }

    /// <summary>The learning rate of the step at a position.</summary>
    private double Rate(TrainingPosition position) => _options.LearningRate * RateFactor(position);

    /// <summary>The share of the peak learning rate that is due at a position.</summary>
    private double RateFactor(TrainingPosition position) => RunKeeper.Rate(_state.Rollbacks)
        * LearningRate.Factor(_options.Schedule, position.EpochsInRound(StepsPerEpoch) / TrainingPosition.Epochs(position.Round, _options));

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
            return _network.Score(images, precision, _cancellation);
        }
        catch (InvalidDataException)
        {
            throw Diverged(Rate(Position));
        }
    }

    private DivergenceException Diverged(double rate) =>
        new(_loss, Position.Round, Math.Min(Position.Epoch, TrainingPosition.Epochs(Position.Round, _options)), Steps, rate);
}

using System.Collections.Immutable;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>One run of <see cref="MarginTrainer.Train"/>: the outer loop over rounds, the epochs of a round, the steps of an epoch.</summary>
internal sealed class TrainingRun : IDisposable
{
    private const int AcceleratorReadInterval = 50; // Steps between two readings, since each one waits for the device.

    private readonly nn.Module<Tensor, Tensor> _network;
    private readonly ImageSet _train;
    private readonly ImageSet? _test;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Device _device;
    private readonly double[] _targetMargins;
    private readonly DeviceSamples _samples;
    private readonly ImmutableArray<EpochProgress>.Builder _history = ImmutableArray.CreateBuilder<EpochProgress>();
    private int _epochsSoFar;
    private long _stepsSoFar;

    public TrainingRun(
        nn.Module<Tensor, Tensor> network, ImageSet train, ImageSet? test, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        (_network, _train, _test, _options, _progress, _cancellation) = (network, train, test, options, progress, cancellation);
        _device = network.Device();
        _targetMargins = options.TargetMargins(train.Count);
        _samples = new(train, _targetMargins, _device);
    }

    private int StepsPerEpoch => (_train.Count + _options.BatchSize - 1) / _options.BatchSize;

    private long TotalSteps => (long)StepsPerEpoch * (_options.WarmupEpochs + ((long)_options.Rounds * _options.Epochs));

    public void Dispose() => _samples.Dispose();

    public TrainingResult Run()
    {
        try
        {
            return RunRounds();
        }
        finally
        {
            _network.eval();
        }
    }

    private TrainingResult RunRounds()
    {
        using var optimizer = _options.Create(_network);
        var weights = DualWeights.Ones(_train.Count); // Step 0
        RunEpochs(optimizer, 0, _options.WarmupEpochs, MarginLoss.CrossEntropy, weights);
        for (var round = 1; ; round++)
        {
            RunEpochs(optimizer, round, _options.Epochs, _options.Loss, weights); // Step 1
            var scores = _network.Score(_train, cancellation: _cancellation);
            var margins = scores.LabelledMargins(_train.Labels);
            var constraints = ConstraintReport.Check(margins, _targetMargins, weights); // Step 2
            _progress?.Report(new RoundProgress(round, constraints));
            if (constraints.AllMet || round == _options.Rounds)
            {
                return new()
                {
                    Constraints = constraints,
                    DualWeights = weights,
                    TrainingScores = scores,
                    Rounds = round,
                    History = _history.ToImmutable(),
                };
            }

            weights = weights.Update(_options.DualUpdate, margins, _targetMargins, _options.NormalizeDualWeights, _options.DualWeightCap); // Step 3
        }
    }

    private void RunEpochs(optim.Optimizer optimizer, int round, int epochs, MarginLoss loss, DualWeights weights)
    {
        using var dualWeights = _samples.PerSample(weights.Values.AsSpan());
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            using var tally = new TrainingTally(_device);
            using var augmentation = new Generator(new SplitMix64(_options.Seed, _epochsSoFar).NextUInt64());
            var order = EpochOrder.Shuffled(_train.Count, _options.Seed, _epochsSoFar);
            using var deviceOrder = _samples.Order(order);
            var (rate, ramp) = (0.0, 1.0);
            _network.train();
            for (var step = 0; step < StepsPerEpoch; step++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var done = epoch - 1 + ((double)step / StepsPerEpoch);
                var factor = LearningRate.Factor(_options.Schedule, done / epochs);
                rate = _options.LearningRate * factor;
                ramp = round == 0 || _options.RampEpochs == 0 ? 1 : Math.Min(1, (((round - 1) * _options.Epochs) + done) / _options.RampEpochs);
                optimizer.SetRate(factor);
                var start = step * _options.BatchSize;
                var batch = order.AsSpan(start, Math.Min(_options.BatchSize, order.Length - start));
                using var indices = deviceOrder.narrow(0, start, batch.Length);
                Step(optimizer, batch, indices, loss, dualWeights, ramp, augmentation, tally);
                _stepsSoFar++;
                if (_device.type == DeviceType.CPU || step % AcceleratorReadInterval == 0 || step == StepsPerEpoch - 1)
                {
                    Report(tally, round, epoch, rate);
                }
            }

            _epochsSoFar++;
            var summary = new EpochProgress(
                round, epoch, rate, ramp * _targetMargins.Max(), tally.Loss, tally.Accuracy, tally.ConstraintsMet, TestAccuracy());
            _history.Add(summary);
            _progress?.Report(summary);
        }
    }

    private void Step(
        optim.Optimizer optimizer, ReadOnlySpan<int> batch, Tensor indices, MarginLoss loss, Tensor dualWeights, double ramp, Generator augmentation, TrainingTally tally)
    {
        using var scope = NewDisposeScope();
        var bytes = _samples.Images(indices, batch);
        if (_options.Augment)
        {
            bytes = Augmentation.RandomCropFlip(bytes, augmentation, Math.Min(_options.MaxShift, Math.Min(_train.Height, _train.Width) - 1));
        }

        var (labels, targets) = (_samples.Labels(indices), _samples.TargetMargins(indices));
        var logits = _network.call(bytes.to(ScalarType.Float32).div_(255f));
        var (cooled, cooledTargets) = _options.Temperature == 1 ? (logits, targets * ramp) : (logits / _options.Temperature, targets * (ramp / _options.Temperature));
        var value = loss.Compute(cooled, labels, cooledTargets, dualWeights.index_select(0, indices)).mean();
        _network.zero_grad(set_to_none: true);
        value.backward();
        optimizer.step();
        tally.Add(value.detach(), logits.detach(), labels, targets);
    }

    private void Report(TrainingTally tally, int round, int epoch, double rate)
    {
        tally.Read();
        if (!double.IsFinite(tally.Loss))
        {
            throw new DivergenceException(tally.Loss, round, epoch, _stepsSoFar, rate);
        }

        var samples = ((long)_epochsSoFar * _train.Count) + tally.Samples;
        _progress?.Report(new StepProgress(round, epoch, _stepsSoFar, TotalSteps, samples, tally.Loss, tally.Accuracy, tally.ConstraintsMet));
    }

    private double? TestAccuracy() => _test?.Count > 0 ? _network.Score(_test, cancellation: _cancellation).Accuracy(_test.Labels) : null;
}

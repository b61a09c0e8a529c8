using System.Collections.Immutable;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Training;

/// <summary>
/// Margin training, section III: trains the network on weighted margin constraints, raises the weights λ of those that are
/// violated, and trains on, until all are met or the rounds are used up.
/// </summary>
public sealed class MarginTrainer
{
    private const int MaxShift = 4; // Pixels, of the augmentation.
    private const int AcceleratorReadInterval = 50; // Steps between two readings, since each one waits for the device.

    private readonly nn.Module<Tensor, Tensor> _network;
    private readonly ImageSet _train;
    private readonly ImageSet? _test;
    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly Device _device;
    private readonly double[] _targetMargins;
    private readonly ImmutableArray<EpochProgress>.Builder _history = ImmutableArray.CreateBuilder<EpochProgress>();
    private int _epochsSoFar;
    private long _stepsSoFar;

    private MarginTrainer(
        nn.Module<Tensor, Tensor> network, ImageSet train, ImageSet? test, TrainingOptions options, IProgress<TrainingProgress>? progress, CancellationToken cancellation)
    {
        (_network, _train, _test, _options, _progress, _cancellation) = (network, train, test, options, progress, cancellation);
        _device = network.Device();
        _targetMargins = options.TargetMargins(train.Count);
    }

    private int StepsPerEpoch => (_train.Count + _options.BatchSize - 1) / _options.BatchSize;

    private long TotalSteps => (long)StepsPerEpoch * (_options.WarmupEpochs + ((long)_options.Rounds * _options.Epochs));

    /// <summary>Trains a network in place, on the device it is on.</summary>
    /// <param name="network">A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C]; left in evaluation mode.</param>
    /// <param name="train">The training samples, at least one, each with a label in [0, C).</param>
    /// <param name="options">How to train; null for the paper's setting.</param>
    /// <param name="test">Samples whose accuracy is reported after each epoch; null for none.</param>
    /// <param name="progress">Told each step, epoch and round, on the calling thread.</param>
    /// <param name="cancellation">Stops between two steps; the network keeps the weights it has by then.</param>
    /// <returns>The constraints, the dual weights and the scores of the training set after the last round.</returns>
    /// <remarks>
    /// The same network, data, options and number of threads give the same weights, byte for byte, on a CPU. A network with
    /// randomness of its own (dropout) draws it from torch's global generator.
    /// </remarks>
    /// <exception cref="ArgumentException">The options contradict each other or the data, or a sample has no label.</exception>
    /// <exception cref="DivergenceException">The loss became NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static TrainingResult Train(
        nn.Module<Tensor, Tensor> network,
        ImageSet train,
        TrainingOptions? options = null,
        ImageSet? test = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        options ??= new();
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(train.Count, nameof(train));
        var unlabelled = train.Labels.IndexOf(ImageSet.UnknownLabel);
        if (unlabelled >= 0)
        {
            throw new ArgumentException($"Training sample {unlabelled} has no label.", nameof(train));
        }

        return new MarginTrainer(network, train, test, options, progress, cancellation).Run();
    }

    private TrainingResult Run()
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
        using var optimizer = _options.Optimizer.Create(_network.parameters(), _options.LearningRate, _options.WeightDecay);
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
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            using var tally = new TrainingTally(_device);
            using var augmentation = new Generator(new SplitMix64(_options.Seed, _epochsSoFar).NextUInt64());
            var order = EpochOrder.Shuffled(_train.Count, _options.Seed, _epochsSoFar);
            var (rate, ramp) = (0.0, 1.0);
            _network.train();
            for (var step = 0; step < StepsPerEpoch; step++)
            {
                _cancellation.ThrowIfCancellationRequested();
                var done = epoch - 1 + ((double)step / StepsPerEpoch);
                rate = _options.LearningRate * LearningRate.Factor(_options.Schedule, done / epochs);
                ramp = round == 0 || _options.RampEpochs == 0 ? 1 : Math.Min(1, (((round - 1) * _options.Epochs) + done) / _options.RampEpochs);
                foreach (var group in optimizer.ParamGroups)
                {
                    group.LearningRate = rate;
                }

                var start = step * _options.BatchSize;
                var batch = order.AsSpan(start, Math.Min(_options.BatchSize, order.Length - start));
                Step(optimizer, batch, loss, weights, ramp, augmentation, tally);
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
        optim.Optimizer optimizer, ReadOnlySpan<int> batch, MarginLoss loss, DualWeights weights, double ramp, Generator augmentation, TrainingTally tally)
    {
        using var scope = NewDisposeScope();
        var images = _train.ToTensor(batch, _device);
        if (_options.Augment)
        {
            images = Augmentation.RandomCropFlip(images, augmentation, Math.Min(MaxShift, Math.Min(_train.Height, _train.Width) - 1));
        }

        var labels = _train.LabelTensor(batch, _device);
        var targets = Gather(_targetMargins, batch);
        var logits = _network.call(images);
        var value = loss.Compute(logits, labels, targets * ramp, Gather(weights.Values.AsSpan(), batch)).mean();
        optimizer.zero_grad();
        value.backward();
        optimizer.step();
        tally.Add(value.detach(), logits.detach(), labels, targets);
    }

    private Tensor Gather(ReadOnlySpan<double> values, ReadOnlySpan<int> batch)
    {
        var gathered = new float[batch.Length];
        for (var i = 0; i < gathered.Length; i++)
        {
            gathered[i] = (float)values[batch[i]];
        }

        return tensor(gathered, device: _device);
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

using System.Diagnostics;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>MarginNet as its users call it, with margins, λ, history and a progress listener.</summary>
internal sealed class MarginNetContender : IContender
{
    public double TrainingSpeed(ImageSet images, Problem problem)
    {
        using var network = CreateNetwork(problem);
        var meter = new SpeedMeter(problem.Batch);
        _ = MarginTrainer.Train(network, images, Options(problem, epochs: 1), progress: new Listener
        {
            OnStep = step => meter.Read(step.Samples),
        });
        return meter.ImagesPerSecond;
    }

    public double ScoringSpeed(ImageSet images, Problem problem)
    {
        using var network = CreateNetwork(problem);
        var warmup = Problem.WarmupBatches * problem.Batch;
        _ = network.Score(images.Take(warmup), problem.Batch);
        var rest = images.Select([.. Enumerable.Range(warmup, images.Count - warmup)]);
        var start = Stopwatch.GetTimestamp();
        _ = network.Score(rest, problem.Batch);
        return rest.Count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public (double Seconds, int Epochs)? TimeTo(double accuracy, ImageDataset data, Problem problem, int maxEpochs)
    {
        using var network = CreateNetwork(problem);
        using var reached = new CancellationTokenSource();
        (double, int)? result = null;
        var start = Stopwatch.GetTimestamp();
        var listener = new Listener
        {
            OnEpoch = epoch =>
            {
                if (epoch.TestAccuracy >= accuracy)
                {
                    result = (Stopwatch.GetElapsedTime(start).TotalSeconds, epoch.Epoch);
                    reached.Cancel();
                }
            },
        };
        try
        {
            _ = MarginTrainer.Train(network, data.Train, Options(problem, maxEpochs), data.Test, listener, reached.Token);
        }
        catch (OperationCanceledException) when (reached.IsCancellationRequested)
        {
            // Reached before the last epoch.
        }

        return result;
    }

    public static ResNet18 CreateNetwork(Problem problem)
    {
        _ = manual_seed(problem.Seed);
        return new ResNet18(problem.Network);
    }

    private static TrainingOptions Options(Problem problem, int epochs) => new()
    {
        Loss = MarginLoss.ShiftedSoftmax,
        TargetMargin = Problem.TargetMargin,
        Epochs = epochs,
        BatchSize = problem.Batch,
        LearningRate = Problem.LearningRate,
        Seed = problem.Seed,
    };

    private sealed class Listener : IProgress<TrainingProgress>
    {
        public Action<StepProgress>? OnStep { get; init; }

        public Action<EpochProgress>? OnEpoch { get; init; }

        public void Report(TrainingProgress value)
        {
            switch (value)
            {
                case StepProgress step:
                    OnStep?.Invoke(step);
                    break;
                case EpochProgress epoch:
                    OnEpoch?.Invoke(epoch);
                    break;
            }
        }
    }
}

using MarginNet.Data;
using MarginNet.Distributed;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;

namespace MarginNet.Ranks;

/// <summary>A step of one rank and thread: t = serial + batch · sample, in processor seconds.</summary>
/// <param name="Network">Its name.</param>
/// <param name="Weights">Its numbers, whose gradients are summed over the ranks.</param>
/// <param name="Sample">Seconds for each image.</param>
/// <param name="Serial">Seconds for each step whatever the batch, as of the optimizer; without those of the exchange.</param>
/// <param name="Exchange">Seconds for packing the gradients and unpacking their sum.</param>
internal sealed record StepCost(string Network, long Weights, double Sample, double Serial, double Exchange)
{
    private const int Steps = 8;
    private const int Side = 32;

    /// <summary>Fits a line through two sizes of batches.</summary>
    public static StepCost Measure(string name, Func<Classifier> create, int small, int large)
    {
        using var network = create();
        // In a group of one a step packs and unpacks as it does for many.
        var (alone, shared) = (Step(network, small, null), Step(network, small, new SoloGroup()));
        var sample = (Step(network, large, null) - alone) / (large - small);
        return new(name, network.parameters().Sum(weight => weight.numel()), sample, Math.Max(0, alone - (small * sample)),
            Math.Max(0, shared - alone));
    }

    /// <summary>Processor seconds of the cheapest of some steps, after one that allocates.</summary>
    private static double Step(Classifier network, int batch, IProcessGroup? group)
    {
        var pixels = new byte[Steps * batch * 3 * Side * Side];
        new Random(0).NextBytes(pixels);
        var images = ImageSet.Create(pixels, new int[Steps * batch], 3, Side, Side);
        var options = new TrainingOptions
        {
            Loss = MarginLoss.CrossEntropy,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 1e-4,
            Epochs = 1,
            BatchSize = batch,
            Group = group,
        };
        var clock = new StepClock();
        _ = MarginTrainer.Train(network, images, options, progress: clock);
        return clock.Cheapest;
    }

    /// <summary>The processor time from step to step.</summary>
    private sealed class StepClock : IProgress<TrainingProgress>
    {
        private TimeSpan? _last;

        public double Cheapest { get; private set; } = double.PositiveInfinity;

        public void Report(TrainingProgress value)
        {
            if (value is StepProgress)
            {
                var now = Environment.CpuUsage.TotalTime;
                Cheapest = _last is { } last ? Math.Min(Cheapest, (now - last).TotalSeconds) : Cheapest;
                _last = now;
            }
        }
    }
}

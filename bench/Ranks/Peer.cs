using System.Text.Json;
using MarginNet.Data;
using MarginNet.Distributed;
using MarginNet.Losses;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Ranks;

/// <summary>What peer_ddp.py trains, by MarginNet: a network, images and labels of formulas, the whole set in each batch.</summary>
internal static class Peer
{
    private const int Images = 512;
    private const int Side = 32;
    private const int Classes = 10;
    private const int Steps = 20;
    private const int Width = 32;

    /// <summary>Prints the loss before each step, and the processor seconds of all ranks from the first step to the last.</summary>
    public static void Run(IProcessGroup group)
    {
        using var network = nn.Sequential(
            nn.Conv2d(3, Width, 3, stride: 2, padding: 1), nn.ReLU(), nn.Conv2d(Width, 2 * Width, 3, stride: 2, padding: 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(2 * Width * Side * Side / 16, Classes));
        using (no_grad())
        {
            foreach (var weights in network.parameters())
            {
                var size = weights.numel();
                var scale = 1 / Math.Sqrt(size / weights.shape[0]);
                weights.copy_((arange(size, ScalarType.Float64).sin_() * scale).to(ScalarType.Float32).view(weights.shape));
            }
        }

        byte[] pixels = [.. Enumerable.Range(0, Images * 3 * Side * Side).Select(i => (byte)(i * 7919L % 65_521 % 256))];
        int[] labels = [.. Enumerable.Range(0, Images).Select(i => i % Classes)];
        var options = new TrainingOptions
        {
            Loss = MarginLoss.CrossEntropy,
            Optimizer = OptimizerKind.Sgd,
            LearningRate = 0.01,
            Epochs = Steps,
            BatchSize = Images,
            Group = group,
        };
        var steps = new List<(double Loss, double Seconds)>();
        var progress = new Each(step => steps.Add((step.Loss, Environment.CpuUsage.TotalTime.TotalSeconds)));
        _ = MarginTrainer.Train(network, ImageSet.Create(pixels, labels, 3, Side, Side), options, progress: progress);
        double[] seconds = [steps[^1].Seconds - steps[0].Seconds];
        group.AllReduce(seconds);
        if (group.Rank == 0)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { losses = steps.Select(step => step.Loss), seconds = seconds[0] }));
        }
    }

    private sealed class Each(Action<StepProgress> act) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value is StepProgress step)
            {
                act(step);
            }
        }
    }
}

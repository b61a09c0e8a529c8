using MarginNet.Data;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Fuzz;

/// <summary>The state of a small training run, and a run that goes on from it.</summary>
internal static class ResumedState
{
    private static readonly TrainingOptions Options = new()
    {
        Epochs = 2,
        Rounds = 2,
        BatchSize = 4,
        Augment = true,
        MaxShift = 1,
        Loss = Losses.MarginLoss.DualHinge,
        TargetMargin = 2,
    };

    private static readonly ImageSet Images = ImageSet.Create(new byte[8 * 4], [0, 1, 2, 0, 1, 2, 0, 1], 1, 2, 2);

    public static byte[] Seed()
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-fuzz-");
        try
        {
            var path = Path.Combine(folder.FullName, "state.pt");
            using var network = Network();
            using var cancellation = new CancellationTokenSource();
            try
            {
                MarginTrainer.Train(
                    network, Images, Options with { Checkpoints = new(path) }, progress: new StopAfter(3, cancellation),
                    cancellation: cancellation.Token);
            }
            catch (OperationCanceledException)
            {
                return File.ReadAllBytes(path);
            }

            throw new InvalidOperationException("The run ended before it was stopped.");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static void Read(string path)
    {
        var options = Options with { Checkpoints = new(path) { Resume = true } };
        using var network = Network();
        using var state = new RunState(network, options, Images);
        var files = new StateFiles(options.Checkpoints, RunSettings.Of(options, Images, null), CPU, _ => { });
        new RunKeeper(options.Checkpoints, files, _ => { }).Start(state);
    }

    private static nn.Module<Tensor, Tensor> Network()
    {
        manual_seed(1);
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.BatchNorm1d(3));
    }

    private sealed class StopAfter(int steps, CancellationTokenSource cancellation) : IProgress<TrainingProgress>
    {
        private int _left = steps;

        public void Report(TrainingProgress value)
        {
            if (value is StepProgress && --_left == 0)
            {
                cancellation.Cancel();
            }
        }
    }
}

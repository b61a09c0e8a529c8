using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>Images per second of training and of scoring as users call them, a line of JSON for each row that peer.py measures, too.</summary>
internal static class Speed
{
    /// <param name="device">Where.</param>
    /// <param name="settings">Batches and sizes.</param>
    /// <param name="precision">In what.</param>
    public static void Run(Device device, SpeedSettings settings, Precision precision)
    {
        var images = Random(settings.Images);
        foreach (var name in new[] { "resnet18", "fastnet" })
        {
            foreach (var batch in settings.Batches)
            {
                using var network = Networks.Create(name, settings.Width);
                network.Precision = precision;
                network.to(device);
                Print(name, "training", batch, Training(network, images, batch, settings.Seconds, precision));
                Print(name, "scoring", batch, Scoring(network, images, batch, settings.Seconds));
            }
        }
    }

    /// <summary>The first epoch allocates and chooses kernels; those after it are timed until the time is up.</summary>
    private static double Training(Classifier network, ImageSet images, int batch, double seconds, Precision precision)
    {
        using var enough = new CancellationTokenSource();
        var (watch, epochs) = (new Stopwatch(), 0);
        try
        {
            _ = MarginTrainer.Train(
                network,
                images,
                new()
                {
                    Loss = MarginLoss.ShiftedSoftmax,
                    TargetMargin = 5,
                    Epochs = int.MaxValue / 4,
                    BatchSize = batch,
                    LearningRate = 1e-3,
                    Precision = precision,
                },
                progress: new Listener<EpochProgress>(_ =>
                {
                    if (!watch.IsRunning)
                    {
                        watch.Start();
                    }
                    else
                    {
                        epochs++;
                        if (watch.Elapsed.TotalSeconds >= seconds)
                        {
                            watch.Stop();
                            enough.Cancel();
                        }
                    }
                }),
                cancellation: enough.Token);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            // The time is up.
        }

        return (double)epochs * images.Count / watch.Elapsed.TotalSeconds;
    }

    private static double Scoring(Classifier network, ImageSet images, int batch, double seconds)
    {
        _ = network.Score(images, batch);
        var (watch, passes) = (Stopwatch.StartNew(), 0);
        for (; watch.Elapsed.TotalSeconds < seconds; passes++)
        {
            _ = network.Score(images, batch);
        }

        return (double)passes * images.Count / watch.Elapsed.TotalSeconds;
    }

    private static ImageSet Random(int count)
    {
        var (pixels, labels) = (new byte[count * 3 * 32 * 32], Enumerable.Range(0, count).Select(i => i % 10).ToArray());
        new Random(0).NextBytes(pixels);
        return ImageSet.Create(pixels, labels, 3, 32, 32);
    }

    private static void Print(string network, string what, int batch, double speed) => Console.WriteLine(new JsonObject
    {
        ["network"] = network,
        ["work"] = what,
        ["batch"] = batch,
        ["images_per_second"] = speed,
    }.ToJsonString(JsonSerializerOptions.Default));
}

/// <summary>What is measured.</summary>
/// <param name="Width">Channels of the first stage.</param>
/// <param name="Batches">Images in a step or pass, one measurement for each.</param>
/// <param name="Images">Images of an epoch.</param>
/// <param name="Seconds">The least time under the clock.</param>
internal sealed record SpeedSettings(int Width, int[] Batches, int Images, double Seconds);

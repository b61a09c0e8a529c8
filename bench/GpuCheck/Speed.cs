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

/// <summary>Images per second of training and of scoring as users call them,
/// a line of JSON for each row that peer.py measures, too.</summary>
internal static class Speed
{
    private const int WarmUps = 2; // Epochs, or passes.

    /// <param name="device">Where.</param>
    /// <param name="settings">Batches and sizes.</param>
    /// <param name="precision">In what.</param>
    public static void Run(Device device, SpeedSettings settings, Precision precision)
    {
        var images = Random(settings.Images);
        Compile(device, images, precision);
        foreach (var name in new[] { "resnet18", "fastnet" })
        {
            foreach (var batch in settings.Batches)
            {
                using var network = Networks.Create(name, settings.Width);
                network.Precision = precision;
                network.to(device);
                Print(name, "training", batch, Training(network, images, batch, settings, precision));
                Print(name, "scoring", batch, Scoring(network, images, batch, settings));
            }
        }
    }

    /// <summary>Has this program compiled by a narrow network: in a run of minutes the first seconds do not count.</summary>
    private static void Compile(Device device, ImageSet images, Precision precision)
    {
        using var network = Networks.Create("resnet18", 8);
        network.Precision = precision;
        network.to(device);
        var settings = new SpeedSettings(8, [], images.Count, 1, 0);
        _ = Training(network, images, 128, settings, precision);
        _ = Scoring(network, images, 128, settings);
    }

    /// <summary>The first epochs allocate, and choose kernels; those after them are timed until the time is up.</summary>
    private static double Training(Classifier network, ImageSet images, int batch, SpeedSettings settings, Precision precision)
    {
        using var enough = new CancellationTokenSource();
        var (warming, watch, warm, epochs) = (Stopwatch.StartNew(), new Stopwatch(), 0, 0);
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
                        if (++warm >= WarmUps && warming.Elapsed.TotalSeconds >= settings.WarmUp)
                        {
                            watch.Start();
                        }
                    }
                    else
                    {
                        epochs++;
                        if (watch.Elapsed.TotalSeconds >= settings.Seconds)
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

    private static double Scoring(Classifier network, ImageSet images, int batch, SpeedSettings settings)
    {
        var warming = Stopwatch.StartNew();
        for (var warm = 0; warm < WarmUps || warming.Elapsed.TotalSeconds < settings.WarmUp; warm++)
        {
            _ = network.Score(images, batch);
        }

        var (watch, passes) = (Stopwatch.StartNew(), 0);
        for (; watch.Elapsed.TotalSeconds < settings.Seconds; passes++)
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
/// <param name="WarmUp">The least seconds before the clock starts.</param>
/// <param name="Seconds">The least seconds under the clock.</param>
internal sealed record SpeedSettings(int Width, int[] Batches, int Images, double WarmUp, double Seconds);

using System.Globalization;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>λ after rounds of training from the same weights, by every update.</summary>
internal static class DualCheck
{
    private const double Agreement = 0.95;
    private const double RelativeTolerance = 0.01;

    public static IEnumerable<Finding> Run(Device device, ImageSet images)
    {
        foreach (var name in DualUpdate.Names)
        {
            var (cpu, found) = (Train(CPU, images, name), Train(device, images, name));
            var same = cpu.Zip(found).Count(pair => Math.Abs(pair.First - pair.Second) <= RelativeTolerance * Math.Max(pair.First, 1e-3));
            var share = (double)same / cpu.Length;
            yield return new($"weights after '{name}', agreeing within 1 %", share >= Agreement ? "ok" : "failed")
            {
                Reference = 1,
                Found = share,
                Note = string.Create(
                    CultureInfo.InvariantCulture,
                    $"share of {cpu.Length}; {cpu.Distinct().Count()} values, the largest {cpu.Max():g4} and {found.Max():g4}; "
                    + $"at least {Agreement} is asked for"),
            };
        }
    }

    private static double[] Train(Device device, ImageSet images, string update)
    {
        using var network = Networks.CreateTrained("fastnet", 16, images);
        network.to(device);
        var result = MarginTrainer.Train(network, images, new()
        {
            Loss = MarginLoss.DualHinge,
            TargetMargin = 1.5,
            Rounds = 3,
            Epochs = 1,
            BatchSize = 32,
            LearningRate = 1e-3,
            DualUpdate = DualUpdate.Create(update),
        });
        return [.. result.DualWeights.Values];
    }
}

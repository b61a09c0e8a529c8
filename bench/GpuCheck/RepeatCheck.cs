using MarginNet.Data;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>The same seed twice: the same bytes on a CPU, and told, not asked for, on a GPU, whose sums have no fixed order unless cuDNN
/// is told to keep to one.</summary>
internal static class RepeatCheck
{
    private static readonly (string Network, CudnnAlgorithms Algorithms)[] Rows =
    [
        ("resnet18", CudnnAlgorithms.Heuristic),
        ("fastnet", CudnnAlgorithms.Heuristic),
        ("resnet18", CudnnAlgorithms.Deterministic),
        ("fastnet", CudnnAlgorithms.Deterministic),
    ];

    public static IEnumerable<Finding> Run(Device device, ImageSet images, int width)
    {
        foreach (var (name, algorithms) in Rows)
        {
            CudaSettings.Use(algorithms);
            using var scope = NewDisposeScope();
            var (first, second) = (Train(name, device, images, width), Train(name, device, images, width));
            var difference = Deviation.Of(first, second);
            yield return new($"{name}, the same seed twice{(algorithms == CudnnAlgorithms.Heuristic ? "" : ", --cudnn deterministic")}",
                difference == 0 ? "ok" : device.type == CPU.type ? "failed" : "note")
            {
                Reference = 0,
                Found = difference,
                Note = difference == 0 ? "the same weights, byte for byte" : "the weights differ by this share of the largest",
            };
        }
    }

    private static Tensor Train(string name, Device device, ImageSet images, int width)
    {
        using var network = Networks.Create(name, width);
        network.to(device);
        _ = MarginTrainer.Train(network, images, TrainingOptions.Fast with { Epochs = 2, BatchSize = 64, LearningRate = 0.05 });
        return cat([.. network.parameters().Select(parameter => parameter.detach().reshape(-1).cpu())]);
    }
}

using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.GpuCheck;

/// <summary>The networks that are checked, each from the same weights whenever it is made.</summary>
internal static class Networks
{
    public static string[] Names { get; } = ["resnet18", "fastnet", "lipnet"];

    public static Classifier Create(string name, int width)
    {
        _ = manual_seed(1);
        return name switch
        {
            "resnet18" => new ResNet18(new() { Width = width }),
            "fastnet" => new FastNet(new() { Width = width }),
            _ => new LipNet(new() { Width = width }),
        };
    }

    /// <summary>A network with the weights, and the running statistics, of a short training on the CPU.</summary>
    public static Classifier CreateTrained(string name, int width, ImageSet images)
    {
        var network = Create(name, width);
        (network as FastNet)?.Whiten(images);
        _ = MarginTrainer.Train(network, images, new()
        {
            Loss = MarginLoss.ShiftedSoftmax,
            TargetMargin = 1,
            Epochs = 4,
            BatchSize = 32,
            LearningRate = 3e-3,
        });
        return network;
    }
}

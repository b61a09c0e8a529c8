using MarginNet.Bounds;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Networks whose numbers are made by arithmetic alone, so that they are the same everywhere.</summary>
internal static class ReferenceNetworks
{
    public static readonly string[] Names =
    [
        "resnet", "resnet, large stem", "resnet, scaled", "resnet, rectified", "fastnet", "lipnet", "lipnet, scaled", "dense", "gated",
        "groups", "steps", "pools", "averages", "scales",
    ];

    /// <summary>A network in evaluation mode, with the shape that it takes.</summary>
    public static (nn.Module<Tensor, Tensor> Network, FeatureShape Input) Create(string name)
    {
        var image = new FeatureShape(2, 7, 6);
        (nn.Module<Tensor, Tensor> Network, FeatureShape Input) made = name switch
        {
            "resnet" => (new ResNet18(new() { Width = 2, ClassCount = 3 }), new(3, 9, 8)),
            "resnet, large stem" => (new ResNet18(new() { Width = 2, ClassCount = 3, Stem = ResNetStem.Large }), new(3, 20, 17)),
            "resnet, scaled" => (new ResNet18(new() { Width = 2, ClassCount = 3, OutputScale = 25 }), new(3, 9, 8)),
            "resnet, rectified" => (new ResNet18(new() { Width = 2, ClassCount = 3, OutputScale = 0.7, Rectify = true }), new(3, 9, 8)),
            "fastnet" => (new FastNet(new() { Width = 3, ClassCount = 4 }), new(3, 11, 9)),
            "lipnet" => (new LipNet(new() { Width = 4, ClassCount = 3, ImageSize = (8, 4) }), new(3, 8, 4)),
            "lipnet, scaled" =>
                (new LipNet(new() { Width = 14, ClassCount = 3, ImageSize = (4, 8), OutputScale = 9, Rectify = true }), new(3, 4, 8)),
            "dense" => (nn.Sequential(
                nn.Flatten(), nn.Linear(84, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 9), nn.Tanh(), nn.Linear(9, 4)), image),
            "gated" => (nn.Sequential(
                nn.Flatten(), nn.Linear(84, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3), nn.ReLU()), image),
            "groups" => (nn.Sequential(
                nn.Conv2d(2, 4, 3, padding: 2, dilation: 2, groups: 2), nn.Sigmoid(), nn.Flatten(), nn.Linear(168, 3)), image),
            "steps" => (nn.Sequential(
                nn.Conv2d(2, 5, (3, 2), stride: (2, 3), padding: (2, 0), bias: false), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(),
                nn.Linear(50, 3)), image),
            "pools" => (nn.Sequential(
                nn.BatchNorm2d(2), nn.Conv2d(2, 3, 2), nn.MaxPool2d(3, stride: 1), nn.BatchNorm2d(3), nn.LeakyReLU(0.2), nn.Flatten(),
                nn.Linear(36, 5)), image),
            "averages" => (nn.Sequential(
                nn.AvgPool2d(3, stride: 2, padding: 1), nn.Conv2d(2, 3, 2), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.5),
                nn.Linear(12, 3)), image),
            "scales" => (nn.Sequential(
                nn.BatchNorm2d(2, affine: false), nn.Conv2d(2, 2, 3), nn.MaxPool2d(2), nn.BatchNorm2d(2), nn.ReLU(), nn.BatchNorm2d(2),
                nn.Flatten(), nn.Linear(8, 3)), image),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
        Fill(made.Network);
        return made;
    }

    /// <summary>An input, shape [1, …].</summary>
    public static Tensor Input(FeatureShape shape)
    {
        using var numbers = Values(1000, shape.Count, number => number + 0.5);
        return numbers.reshape(1, shape.Channels, shape.Height, shape.Width);
    }

    private static void Fill(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var seed = 0;
        foreach (var parameter in network.parameters())
        {
            seed++;
            var share = parameter.dim() > 1 ? 2 / Math.Sqrt((double)parameter.numel() / parameter.shape[0]) : 0.2;
            parameter.copy_(Values(seed, parameter.numel(), number => share * number).reshape(parameter.shape));
        }

        foreach (var normalization in network.modules().OfType<BatchNorm>())
        {
            var count = normalization.num_features;
            normalization.weight?.add_(1);
            normalization.running_mean!.copy_(Values(++seed, count, number => number));
            normalization.running_var!.copy_(Values(++seed, count, number => number + 1));
        }

        network.eval();
    }

    private static Tensor Values(int seed, long count, Func<double, double> map) =>
        tensor(Numbers(seed, count).Select(number => (float)map(number)).ToArray());

    /// <summary>Numbers from −½ to ½, multiples of 2⁻¹⁰.</summary>
    private static IEnumerable<double> Numbers(int seed, long count)
    {
        for (uint i = 0; i < count; i++)
        {
            var mixed = ((uint)seed * 0x9E3779B9u) ^ (i * 0x85EBCA6Bu);
            mixed ^= mixed >> 15;
            mixed *= 0x2C1B3C6Du;
            mixed ^= mixed >> 12;
            yield return ((mixed & 1023) / 1024.0) - 0.5;
        }
    }
}

using MarginNet.Bounds;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

/// <summary>Small networks of every known layer, from torch's global generator.</summary>
internal static class RandomNetworks
{
    /// <summary>Layer widths to a ReLU network.</summary>
    public static Sequential Dense(params int[] widths)
    {
        var layers = new List<nn.Module<Tensor, Tensor>>();
        for (var i = 0; i + 1 < widths.Length; i++)
        {
            layers.Add(nn.Linear(widths[i], widths[i + 1]));
            layers.Add(nn.ReLU());
        }

        return nn.Sequential(layers[..^1].ToArray());
    }

    /// <summary>A network for inputs of 2x7x6, in evaluation mode, its batch-norms moved from their start; one of eight designs.</summary>
    public static (Sequential Network, FeatureShape Input) Create(int design)
    {
        var network = (design % 8) switch
        {
            0 => nn.Sequential(
                nn.Conv2d(2, 3, 3, padding: 1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)),
            1 => nn.Sequential(
                nn.Conv2d(2, 4, 2, stride: 2), nn.ReLU(), nn.BatchNorm2d(4), nn.Conv2d(4, 3, 3, padding: 1), nn.Tanh(),
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3)),
            2 => nn.Sequential(
                nn.BatchNorm2d(2), nn.Conv2d(2, 3, 2, stride: 1), nn.MaxPool2d(3, stride: 1), nn.BatchNorm2d(3), nn.LeakyReLU(0.2),
                nn.Flatten(), nn.Linear(36, 5), nn.ReLU()),
            3 => nn.Sequential(
                nn.AvgPool2d(3, stride: 2, padding: 1), nn.Conv2d(2, 4, 3, padding: 2, dilation: 2, groups: 2), nn.Sigmoid(), nn.Flatten(),
                nn.Linear(48, 3)),
            4 => nn.Sequential(
                nn.Flatten(), nn.Linear(84, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 9), nn.Tanh(), nn.Linear(9, 4)),
            5 => nn.Sequential(
                nn.Conv2d(2, 5, 3, stride: 3, padding: 2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Conv2d(5, 3, 2), nn.Flatten()),
            6 => nn.Sequential(
                nn.MaxPool2d(2, stride: 1, padding: 1), nn.BatchNorm2d(2), nn.Conv2d(2, 2, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(),
                nn.Dropout(0.5), nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 3)),
            _ => nn.Sequential(
                nn.Flatten(), nn.Linear(84, 10), nn.ReLU(), nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3),
                nn.ReLU()),
        };
        using (no_grad())
        {
            foreach (var normalization in network.modules().OfType<BatchNorm>())
            {
                normalization.weight!.normal_(); // Negative ones too.
                normalization.running_mean!.normal_();
                normalization.running_var!.uniform_(0.3, 3);
            }

            foreach (var parameter in network.parameters().Where(parameter => parameter.dim() > 1))
            {
                parameter.mul_(1.5);
            }
        }

        network.to(ScalarType.Float64);
        network.eval();
        return (network, new(2, 7, 6));
    }
}

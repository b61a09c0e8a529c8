using MarginNet.Checkpoints;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Export;

/// <summary>The weights of a network as plain PyTorch code of its architecture takes them:
/// the output scale is multiplied into the last layer.</summary>
internal static class ExportedWeights
{
    public static Dictionary<string, StoredTensor> Of(Classifier network, WeightNames names)
    {
        if (network is ProgramNetwork)
        {
            throw new NotSupportedException("The model is an imported TorchScript or ONNX program, which has no weights of known names: " +
                "export it as TorchScript or ONNX, as it was imported.");
        }

        if (names != WeightNames.Torchvision && network is not ResNet18)
        {
            throw new NotSupportedException($"Only a ResNet-18 has the names of pytorch-cifar; the model is a {network.GetName()}.");
        }

        if (network is LipNet or OrthogonalNet or LiResNet)
        {
            throw new NotSupportedException($"The layers of {(network is OrthogonalNet ? "an" : "a")} {network.GetName()} are none of PyTorch's, "
                + "so that no plain PyTorch code would load its weights: export it as ONNX.");
        }

        using var scope = NewDisposeScope();
        if (network is GraphNetwork)
        {
            return network.state_dict().ToDictionary(entry => entry.Key, entry => StoredTensor.FromTensor(entry.Value));
        }

        var last = network.named_modules().Last(module => module.module is Linear).name + '.';
        return network.state_dict().ToDictionary(
            entry => names == WeightNames.PytorchCifar ? PytorchCifarName(entry.Key) : entry.Key,
            entry => StoredTensor.FromTensor(network.Options.OutputScale != 1 && entry.Key.StartsWith(last, StringComparison.Ordinal)
                ? entry.Value.detach() * network.Options.OutputScale
                : entry.Value));
    }

    private static string PytorchCifarName(string name) => name
        .Replace(".downsample.", ".shortcut.", StringComparison.Ordinal)
        .Replace("fc.", "linear.", StringComparison.Ordinal);
}

using MarginNet.Checkpoints;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>Makes a ResNet-18 of the tensors of one, in torchvision's or kuangliu/pytorch-cifar's naming and of any width.</summary>
internal static class ResNetReader
{
    private const int SmallSize = 32;
    private const int LargeSize = 224;
    private const string OtherArchitectures = "save another architecture by torch.jit.trace or torch.onnx.export";

    public static MarginModel Read(IReadOnlyDictionary<string, object?> state, LoadOptions options)
    {
        var tensors = state.ToDictionary(entry => ResNetTensors.NameOf(entry.Key), entry => entry.Value);
        var network = ReadOptions(tensors, options);
        Require(tensors, ResNetTensors.Shapes(network.Width, network.Normalization.Mean.Length, network.ClassCount, network.Stem));
        var size = network.Stem == ResNetStem.Large ? LargeSize : SmallSize;
        return new(Create(network, tensors), options.NamesFor(network.ClassCount), options.ImageSize ?? (size, size));
    }

    private static ResNetOptions ReadOptions(Dictionary<string, object?> tensors, LoadOptions options)
    {
        if (tensors.GetValueOrDefault("conv1.weight") is not StoredTensor { Shape: [>= 1 and <= int.MaxValue and var width, >= 1 and <= int.MaxValue and var channels, 3 or 7 and var kernel, _] } ||
            tensors.GetValueOrDefault("fc.weight") is not StoredTensor { Shape: [>= 2 and <= int.MaxValue and var classes, _] })
        {
            throw new InvalidDataException(
                $"It is no ResNet-18 in torchvision's or kuangliu/pytorch-cifar's naming, which has conv1.weight [width, channels, 3 or 7, 3 or 7] and fc.weight or linear.weight [classes, 8 width], but holds {Shown(tensors)}; {OtherArchitectures}.");
        }

        return new()
        {
            Width = (int)width,
            ClassCount = (int)classes,
            Stem = kernel == 7 ? ResNetStem.Large : ResNetStem.Small,
            Normalization = options.NormalizationFor((int)channels),
        };
    }

    private static string Shown(Dictionary<string, object?> tensors) =>
        StateDict.ListOf([.. tensors.Select(entry => entry.Value is StoredTensor tensor ? $"{entry.Key} [{string.Join(", ", tensor.Shape)}]" : entry.Key)]);

    private static void Require(Dictionary<string, object?> tensors, Dictionary<string, long[]> shapes)
    {
        string[] missing = [.. shapes.Keys.Where(name => !tensors.ContainsKey(name) && !name.EndsWith(ResNetTensors.Counter, StringComparison.Ordinal))];
        string[] unknown = [.. tensors.Keys.Where(name => !shapes.ContainsKey(name))];
        string[] misshapen = [.. shapes.Where(entry => tensors.ContainsKey(entry.Key) && !Fits(tensors[entry.Key], entry.Value)).Select(entry => Misfit(entry.Key, tensors[entry.Key], entry.Value))];
        if (missing.Length + unknown.Length + misshapen.Length > 0)
        {
            throw new InvalidDataException(
                $"Its tensors are not those of a ResNet-18: {missing.Length} missing ({StateDict.ListOf(missing)}), {unknown.Length} unknown ({StateDict.ListOf(unknown)}), {misshapen.Length} misshapen ({StateDict.ListOf(misshapen)}); {OtherArchitectures}.");
        }
    }

    private static bool Fits(object? value, long[] shape) => value is StoredTensor tensor && tensor.Shape.AsSpan().SequenceEqual(shape) && (shape.Length == 0 || IsReal(tensor.Type));

    private static bool IsReal(ScalarType type) => type is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16;

    private static string Misfit(string name, object? value, long[] shape) => value is StoredTensor tensor
        ? $"{name} is {tensor.Type} [{string.Join(", ", tensor.Shape)}], expected [{string.Join(", ", shape)}]"
        : $"{name} is {TorchObjects.Describe(value)}, expected a tensor";

    private static ResNet18 Create(ResNetOptions options, Dictionary<string, object?> tensors)
    {
        var network = new ResNet18(options);
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var (name, target) in network.state_dict())
        {
            if (tensors.GetValueOrDefault(name) is StoredTensor stored)
            {
                target.copy_(stored.ToTensor()); // Of another precision too.
            }
        }

        return network;
    }
}

using MarginNet.Checkpoints;
using MarginNet.Foreign;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.ModelFiles;

/// <summary>Makes a ResNet-18 of the tensors of one, in torchvision's or kuangliu/pytorch-cifar's naming and of any width.</summary>
internal static class ResNetReader
{
    private const int SmallKernel = 3;
    private const int LargeKernel = 7;
    private const int SmallSize = 32;
    private const int LargeSize = 224;
    private const string OtherArchitectures = "export another architecture by torch.onnx.export or torch.jit.trace";

    public static MarginModel Read(StateDict state, LoadOptions options)
    {
        var tensors = Rename(state.Tensors);
        if (OtherNetwork.Of(tensors, state) is { } reason)
        {
            throw new InvalidDataException($"It is no ResNet-18: {reason}; {OtherArchitectures}.");
        }

        if (tensors.GetValueOrDefault("conv1.weight") is not StoredTensor
            {
                Shape: [>= 1
            and <= int.MaxValue, >= 1 and <= int.MaxValue, SmallKernel or LargeKernel, _] and var kernels
            } ||
            tensors.GetValueOrDefault("fc.weight") is not StoredTensor { Shape: [>= 2 and <= int.MaxValue and var classes, _] })
        {
            throw new InvalidDataException(
                "It is no ResNet-18 in torchvision's or kuangliu/pytorch-cifar's naming, which has conv1.weight [width, channels, 3 or 7, "
                + $"3 or 7] and fc.weight or linear.weight [classes, 8 width], but holds {Shown(tensors)}; {OtherArchitectures}.");
        }

        var (width, channels, isLarge) = ((int)kernels[0], (int)kernels[1], kernels[2] == LargeKernel);
        Require(tensors, ResNetTensors.Shapes(width, channels, (int)classes, kernels[2]));
        var network = new ResNetOptions
        {
            Width = width,
            ClassCount = (int)classes,
            Stem = isLarge ? ResNetStem.Large : ResNetStem.Small,
            Rectify = options.Rectify,
            Normalization = options.NormalizationFor(channels),
        };
        var size = isLarge ? LargeSize : SmallSize;
        return new(Create(network, tensors), options.NamesFor((int)classes), options.ImageSize ?? (size, size))
        {
            Part = options.Weights is null ? null : state.Name,
            Notes = [.. Notes(state, channels, options)],
            LeftOut = [.. state.Rest.Select(name => FileText.Show(name))],
        };
    }

    /// <summary>What the file holds beside the network.</summary>
    private static IEnumerable<string> Notes(StateDict state, int channels, LoadOptions options)
    {
        const int Shown = 8;
        if (state.Others is [var other, ..] && options.Weights is null)
        {
            yield return $"it also holds the weights {StateDict.ListOf(state.Others, Shown)}: --weights {FileText.Show(other)} " +
                $"(LoadOptions.Weights) reads those instead.";
        }

        if (options.Normalization is null && StatedNormalization.Find(state.Beside, channels) is { } stated)
        {
            yield return $"it holds {stated}.";
        }
    }

    private static Dictionary<string, object?> Rename(IReadOnlyDictionary<string, object?> state)
    {
        var tensors = new Dictionary<string, object?>();
        foreach (var (name, value) in state)
        {
            if (!tensors.TryAdd(ResNetTensors.NameOf(name), value))
            {
                throw new InvalidDataException(
                    $"It has {FileText.Show(ResNetTensors.NameOf(name))} twice, in torchvision's and in kuangliu/pytorch-cifar's naming.");
            }
        }

        return tensors;
    }

    private static string Shown(Dictionary<string, object?> tensors) =>
        StateDict.ListOf([.. tensors.Select(
            entry => entry.Value is StoredTensor tensor ? $"{entry.Key} [{string.Join(", ", tensor.Shape)}]" : entry.Key)]);

    private static void Require(Dictionary<string, object?> tensors, Dictionary<string, long[]> shapes)
    {
        string[] missing =
            [.. shapes.Keys.Where(name => !tensors.ContainsKey(name) && !name.EndsWith(ResNetTensors.Counter, StringComparison.Ordinal))];
        string[] unknown = [.. tensors.Keys.Where(name => !shapes.ContainsKey(name))];
        string[] misshapen = [.. shapes.Where(entry => tensors.ContainsKey(entry.Key) && !Fits(tensors[entry.Key], entry.Value))
            .Select(entry => Misfit(entry.Key, tensors[entry.Key], entry.Value))];
        if (missing.Length + unknown.Length + misshapen.Length > 0)
        {
            throw new InvalidDataException(
                $"Its tensors are not those of a ResNet-18: {missing.Length} missing ({StateDict.ListOf(missing)}), "
                + $"{unknown.Length} unknown ({StateDict.ListOf(unknown)}), {misshapen.Length} misshapen ({StateDict.ListOf(misshapen)}); "
                + $"{OtherArchitectures}.");
        }
    }

    private static bool Fits(object? value, long[] shape) =>
        value is StoredTensor tensor && tensor.Shape.AsSpan().SequenceEqual(shape) && (shape.Length == 0 || IsReal(tensor.Type));

    private static bool IsReal(ScalarType type) =>
        type is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16;

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

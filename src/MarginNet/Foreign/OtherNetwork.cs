using MarginNet.Checkpoints;
using static TorchSharp.torch;

namespace MarginNet.Foreign;

/// <summary>What tells a network from a ResNet-18, where that is known by name.</summary>
internal static class OtherNetwork
{
    private const string Stem = "conv1.weight";
    private const string LastLayer = "fc.weight";

    /// <summary>The condition of a ResNet-18 that fails, in words; null where none of these does.</summary>
    /// <param name="tensors">Tensors by torchvision's names.</param>
    /// <param name="state">Where they come from.</param>
    public static string? Of(IReadOnlyDictionary<string, object?> tensors, StateDict state)
    {
        bool Has(string name) => tensors.ContainsKey(name);
        bool HasAny(string start) => tensors.Keys.Any(name => name.StartsWith(start, StringComparison.Ordinal));
        var weights = tensors.Keys.Where(IsWeight);
        string[] last = [.. weights.Where(name => name.StartsWith("fc.", StringComparison.Ordinal) && name != LastLayer)];
        return !Has("layer1.0.conv1.weight") ? null // Some network that this knows nothing of.
            : Has("layer1.0.conv3.weight") ? "its blocks have three convolutions, as those of a ResNet-50, 101 or 152 do"
            : HasAny("layer1.2.") ? "its stages have more than two blocks, as those of a ResNet-34 do"
            : !HasAny("layer4.") ? "it has fewer than four stages"
            : Has("conv1.0.weight") ? "its stem is several layers (conv1.0, ...), where one convolution is expected"
            : tensors.GetValueOrDefault(Stem) is StoredTensor { Shape: [_, _, not (3 or 7), _] or [_, _, _, not (3 or 7)] } stem
                ? $"its stem conv1 is of {string.Join('x', stem.Shape.Skip(2))} pixels, where 3x3 or 7x7 is expected"
            : Has("conv1.bias") ? "its convolutions have biases"
            : !Has("bn1.weight") ? "it has no bn1 after its stem, as networks with batch-norm before the convolutions or other " +
                "normalisation have none"
            : last.Length > 0 ? $"its last layer 'fc' is {(last.Length > 1 ? "several layers" : "a container")} " +
                $"({StateDict.ListOf(last)}), where one linear layer is expected"
            : !Has(LastLayer) ? "it has no last layer 'fc' or 'linear'"
            : tensors[LastLayer] is StoredTensor { Shape: [1, _] } ? "its last layer has one output, and a margin needs the scores of " +
                "two classes or more (two outputs z and 0 are the same as one z)"
            : Layer(state, Classes(tensors)) is { } layer ? $"it has layers beside it, {layer}"
            : null;
    }

    private static bool IsWeight(string name) => name.EndsWith(".weight", StringComparison.Ordinal);

    private static long Classes(IReadOnlyDictionary<string, object?> tensors) =>
        tensors[LastLayer] is StoredTensor { Shape: [var classes, _] } ? classes : 0;

    /// <summary>
    /// A layer beside the network that its images may pass: any at the same level, and further out one that takes as many numbers as the
    /// network has scores, or any where the network may be a part of another.
    /// </summary>
    private static string? Layer(StateDict state, long classes)
    {
        foreach (var (name, tensor) in state.Beside)
        {
            var isReal = tensor.Type is ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16;
            var isAtLevel = name.StartsWith(state.Prefix, StringComparison.Ordinal);
            var isSuspect = isAtLevel || (!state.IsChosen && (!state.IsUsual || tensor.Shape is [_, var inputs] && inputs == classes));
            if (IsWeight(name) && isReal && isSuspect && tensor.Shape.Length >= 2)
            {
                var choice = isAtLevel ? "" : $"; if it is whole without them, --weights {FileText.Show(state.Prefix.TrimEnd('.'))} " +
                    $"says so";
                return $"{FileText.Show(name)} [{string.Join(", ", tensor.Shape)}]{choice}";
            }
        }

        return null;
    }
}

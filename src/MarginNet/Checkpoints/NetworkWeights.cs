using static TorchSharp.torch;

namespace MarginNet.Checkpoints;

/// <summary>The parameters and buffers of a network as a dictionary of stored tensors.</summary>
internal static class NetworkWeights
{
    /// <summary>Copies the weights of a network.</summary>
    public static Dictionary<string, object?> Capture(nn.Module network) =>
        network.state_dict().ToDictionary(entry => entry.Key, entry => (object?)StoredTensor.FromTensor(entry.Value));

    /// <summary>Compares every name and shape first: LibTorch's own loading stops half-way, and does not say at what.</summary>
    public static void Load(nn.Module network, PlainDictionary stored)
    {
        var expected = network.state_dict();
        var missing = expected.Keys.Except(stored.Keys).ToList();
        var unknown = stored.Keys.Except(expected.Keys).ToList();
        if (missing.Count + unknown.Count > 0)
        {
            throw new InvalidDataException(
                $"Its weights do not fit its architecture: {Describe(missing)} missing, {Describe(unknown)} unknown.");
        }

        foreach (var (name, target) in expected)
        {
            stored.CopyTo(name, target);
        }
    }

    /// <summary>Fills a tensor, on any device, with the stored one of the same shape and type.</summary>
    public static void CopyTo(this PlainDictionary stored, string name, Tensor target)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var tensor = stored.Tensor(name);
        if (!tensor.Shape.AsSpan().SequenceEqual(target.shape) || tensor.Type != target.dtype)
        {
            throw stored.Unexpected(name, $"{target.dtype} [{string.Join(", ", target.shape)}]");
        }

        target.copy_(tensor.ToTensor());
    }

    private static string Describe(List<string> names) => names.Count == 0 ? "none" : $"{names.Count} such as {FileText.Quote(names[0])}";
}

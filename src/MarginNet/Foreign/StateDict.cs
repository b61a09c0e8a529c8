using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>The tensors of a network by name, wherever in a file a training script put them.</summary>
internal static class StateDict
{
    private static readonly string[] Wrappers = ["state_dict", "model_state_dict", "model", "net"];

    /// <summary>Finds the state dict in what torch.save kept.</summary>
    public static Dictionary<string, object?> Find(object? graph)
    {
        var values = graph as Dictionary<string, object?>;
        while (values is not null && Array.Find(Wrappers, key => values.GetValueOrDefault(key) is Dictionary<string, object?>) is { } wrapper)
        {
            values = (Dictionary<string, object?>)values[wrapper]!;
        }

        if (values?.Values.Any(value => value is StoredTensor) is true)
        {
            return WithoutPrefix(values);
        }

        var found = values is null ? TorchObjects.Describe(graph) : $"the keys {ListOf(values.Keys)}";
        throw new InvalidDataException($"It holds no state dict: expected tensors by name, or a dictionary of them under '{string.Join("', '", Wrappers)}', but found {found}.");
    }

    /// <summary>Names in one line, the first four of many.</summary>
    public static string ListOf(IReadOnlyCollection<string> names)
    {
        const int Shown = 4;
        return names.Count == 0 ? "none" : $"{string.Join(", ", names.Take(Shown).Select(name => FileText.Show(name)))}{(names.Count > Shown ? ", ..." : "")}";
    }

    /// <summary>
    /// Takes off what all names have in common: "module." of DistributedDataParallel, "_orig_mod." of torch.compile, "model." of a
    /// Lightning module. No network of several layers at its top has such a name of its own.
    /// </summary>
    private static Dictionary<string, object?> WithoutPrefix(Dictionary<string, object?> values)
    {
        while (values.Keys.First() is var first && first.IndexOf('.', StringComparison.Ordinal) + 1 is > 0 and var length && values.Keys.All(key => key.StartsWith(first[..length], StringComparison.Ordinal)))
        {
            values = values.ToDictionary(entry => entry.Key[length..], entry => entry.Value);
        }

        return values;
    }
}

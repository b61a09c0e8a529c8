using System.Collections.Immutable;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>Where in a checkpoint the tensors of a residual network are: a dictionary in it, and what all their names in that begin with.</summary>
/// <param name="Path">The keys that lead to the dictionary.</param>
/// <param name="Tensors">The dictionary.</param>
/// <param name="Prefix">The beginning of the names, such as <c>module.</c>; empty, or with a dot at its end.</param>
internal sealed record WeightsPlace(ImmutableArray<string> Path, Dictionary<string, object?> Tensors, string Prefix)
{
    private const int MaxDepth = 8;
    private const string Stem = "conv1.weight";
    private const string FirstBlock = "layer1.0.conv1.weight";

    /// <summary>Its name for <c>--weights</c>: the keys and the parts of the prefix, with dots between them.</summary>
    public string Name => string.Join('.', Parts);

    public IEnumerable<string> Parts => [.. Path, .. Prefix.Split('.', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Finds every network of residual blocks, by its own names.</summary>
    public static WeightsPlace[] FindAll(object? graph) => [.. Find(graph, [])];

    /// <summary>The entries of a dictionary, or of an object of a kind of dictionary; null of anything else.</summary>
    public static Dictionary<string, object?>? EntriesOf(object? value) => value switch
    {
        Dictionary<string, object?> dictionary => dictionary,
        ClosedObject { Items: { Count: > 0 } items } => items,
        _ => null,
    };

    private static IEnumerable<WeightsPlace> Find(object? value, ImmutableArray<string> path)
    {
        if (path.Length > MaxDepth || EntriesOf(value) is not { } entries)
        {
            yield break;
        }

        foreach (var (key, entry) in entries)
        {
            if (entry is StoredTensor && key.EndsWith(Stem, StringComparison.Ordinal) && key[..^Stem.Length] is var prefix && (prefix.Length == 0 || prefix[^1] == '.') && entries.GetValueOrDefault(prefix + FirstBlock) is StoredTensor)
            {
                yield return new(path, entries, prefix);
            }

            foreach (var place in Find(entry, path.Add(key)))
            {
                yield return place;
            }
        }
    }
}

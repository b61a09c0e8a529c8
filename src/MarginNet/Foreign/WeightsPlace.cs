using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>
/// Where in a checkpoint the tensors of a residual network are: a dictionary in it, and what all their names in that begin with.
/// </summary>
/// <param name="Path">The keys that lead to the dictionary.</param>
/// <param name="Tensors">The dictionary.</param>
/// <param name="Prefix">The beginning of the names, such as <c>module.</c>; empty, or with a dot at its end.</param>
internal sealed record WeightsPlace(ImmutableArray<string> Path, Dictionary<string, object?> Tensors, string Prefix)
{
    private const int MaxDepth = 8;
    private const int MaxListed = 16;
    private const string Stem = "conv1.weight";
    private const string FirstBlock = "layer1.0.conv1.weight";

    /// <summary>Its name for <c>--weights</c>: the keys and the parts of the prefix, with dots between them.</summary>
    public string Name => string.Join('.', Parts);

    public IEnumerable<string> Parts => [.. Path, .. Prefix.Split('.', StringSplitOptions.RemoveEmptyEntries)];

    /// <summary>Finds every network of residual blocks, by its own names.</summary>
    public static WeightsPlace[] FindAll(object? graph)
    {
        var found = new List<WeightsPlace>();
        Find(graph, [], found, new(ReferenceEqualityComparer.Instance));
        return [.. found];
    }

    /// <summary>The entries of a dictionary, or of an object of a kind of dictionary; null of anything else.</summary>
    public static Dictionary<string, object?>? EntriesOf(object? value) => value switch
    {
        Dictionary<string, object?> dictionary => dictionary,
        ClosedObject { Items: { Count: > 0 } items } => items,
        List<object?> { Count: > 0 and <= MaxListed } list =>
            list.Index().ToDictionary(entry => entry.Index.ToString(CultureInfo.InvariantCulture), entry => entry.Item),
        _ => null,
    };

    /// <param name="value">Where to look.</param>
    /// <param name="path">The keys that lead there.</param>
    /// <param name="found">What was found.</param>
    /// <param name="seen">Where it was looked before: parts that are shared are looked through once.</param>
    private static void Find(object? value, ImmutableArray<string> path, List<WeightsPlace> found, HashSet<object> seen)
    {
        if (path.Length > MaxDepth || value is null || !seen.Add(value) || EntriesOf(value) is not { } entries)
        {
            return;
        }

        foreach (var (key, entry) in entries)
        {
            if (entry is not StoredTensor)
            {
                if (entry is Dictionary<string, object?> or List<object?> or ClosedObject)
                {
                    Find(entry, path.Add(key), found, seen);
                }
            }
            else if (key.EndsWith(Stem, StringComparison.Ordinal) && key[..^Stem.Length] is var prefix and ("" or [.., '.'])
                && entries.GetValueOrDefault(prefix + FirstBlock) is StoredTensor)
            {
                found.Add(new(path, entries, prefix));
            }
        }
    }
}

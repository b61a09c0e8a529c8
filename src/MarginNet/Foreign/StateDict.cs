using System.Collections.Immutable;
using MarginNet.Checkpoints;

namespace MarginNet.Foreign;

/// <summary>The tensors of a network by name, wherever in a file a training script put them, and what else there was.</summary>
/// <param name="Tensors">The network's, under its own names.</param>
/// <param name="Rest">The names of what is not the network's, which is not used.</param>
/// <param name="Others">The names of other networks that the file holds.</param>
/// <param name="Beside">The tensors among the rest that lie beside the network's, by their names.</param>
/// <param name="Prefix">What the network's names began with.</param>
/// <param name="Name">Its name for <c>--weights</c>.</param>
/// <param name="IsUsual">Whether that is only the usual wrapping of a whole network; else it may be a part of one.</param>
/// <param name="IsChosen">Whether it was asked for by name.</param>
internal sealed record StateDict(
    IReadOnlyDictionary<string, object?> Tensors,
    ImmutableArray<string> Rest,
    ImmutableArray<string> Others,
    IReadOnlyDictionary<string, StoredTensor> Beside,
    string Prefix,
    string Name,
    bool IsUsual,
    bool IsChosen)
{
    private const int MostShown = 4;

    private static readonly string[] Wrappers = ["state_dict", "model_state_dict", "model", "net"];

    // What wraps a network without being another one: DistributedDataParallel and AveragedModel, torch.compile, Lightning, and so on.
    private static readonly string[] Prefixes = ["module", "_orig_mod", "model", "net", "network", "backbone"];

    /// <summary>Finds the state dict in what torch.save kept.</summary>
    /// <param name="graph">What was kept.</param>
    /// <param name="weights">Which of several networks; null for the one that training scripts keep under the usual names.</param>
    /// <exception cref="InvalidDataException">There is none, or several and none of them is the usual one.</exception>
    public static StateDict Find(object? graph, string? weights = null)
    {
        var places = WeightsPlace.FindAll(graph);
        if (weights is not null)
        {
            var named = Array.FindAll(places, place => place.Name == weights);
            named = named.Length > 0 ? named : Array.FindAll(places, place => place.Parts.Contains(weights));
            return named is [var only] ? Take(graph, only, places, isChosen: true) : throw new InvalidDataException(
                $"It has {(named.Length == 0 ? "no" : "several")} weights {FileText.Quote(weights)}: {Choices(places)}.");
        }

        return places.Length == 0 || IsOther(Unwrap(graph), places)
            ? new(AnyTensors(graph), [], [], new Dictionary<string, StoredTensor>(), Prefix: "", Name: "", IsUsual: true, IsChosen: false)
            : Usual(graph, places) is { } usual ? Take(graph, usual, places, isChosen: false)
            : throw new InvalidDataException($"It holds several networks: choose one by --weights (LoadOptions.Weights); " +
                $"{Choices(places)}.");
    }

    /// <summary>Names in one line, the first few of many.</summary>
    public static string ListOf(IReadOnlyCollection<string> names, int shown = MostShown) => names.Count == 0
        ? "none"
        : string.Join(", ", names.Take(shown).Select(name => FileText.Show(name))) + (names.Count > shown ? ", ..." : "");

    private static string Choices(WeightsPlace[] places) => places.Length == 0 ? "there is no residual network in it"
        : places is [{ Name.Length: 0 }] ? "its one network has no name, leave --weights out"
        : $"there are {ListOf([.. places.Select(place => place.Name.Length > 0 ? place.Name : "those without a name")], shown: 8)}";

    /// <summary>The one that is taken without being asked for.</summary>
    private static WeightsPlace? Usual(object? graph, WeightsPlace[] places)
    {
        var entries = Unwrap(graph);
        var here = Array.FindAll(places, place => place.Tensors == entries);
        var plain = Array.FindAll(here, IsUsualWrapping);
        return places.Length == 1 ? places[0] : here.Length == 1 ? here[0] : plain.Length == 1 ? plain[0] : null;
    }

    private static bool IsUsualWrapping(WeightsPlace place) =>
        place.Prefix.Split('.', StringSplitOptions.RemoveEmptyEntries).All(Prefixes.Contains);

    /// <summary>Whether the usual place holds a network, and that is none of those found.</summary>
    private static bool IsOther(Dictionary<string, object?>? usual, WeightsPlace[] places) =>
        usual is not null && !Array.Exists(places, place => place.Tensors == usual)
        && usual.Any(
            entry => entry.Value is StoredTensor { Shape.Length: >= 2 } && entry.Key.EndsWith(".weight", StringComparison.Ordinal));

    /// <summary>Follows the keys under which training scripts keep a network.</summary>
    private static Dictionary<string, object?>? Unwrap(object? graph)
    {
        var entries = WeightsPlace.EntriesOf(graph);
        while (Array.Find(Wrappers, key => WeightsPlace.EntriesOf(entries?.GetValueOrDefault(key)) is not null) is { } wrapper)
        {
            entries = WeightsPlace.EntriesOf(entries![wrapper]);
        }

        return entries;
    }

    private static StateDict Take(object? graph, WeightsPlace place, WeightsPlace[] all, bool isChosen)
    {
        var (own, beside, rest) = (new Dictionary<string, object?>(), new Dictionary<string, object?>(), new List<string>());
        string[] inner = [.. all.Where(other => other.Tensors == place.Tensors && other.Prefix.Length > 0).Select(other => other.Prefix)];
        foreach (var (name, value) in place.Tensors)
        {
            // Of the networks whose prefixes it has, a name belongs to the one with the longest.
            var prefix = inner.Where(other => name.StartsWith(other, StringComparison.Ordinal)).MaxBy(other => other.Length) ?? "";
            if (prefix == place.Prefix && ResNetTensors.IsOwn(name[prefix.Length..]))
            {
                own[name[prefix.Length..]] = value;
            }
            else if (prefix == place.Prefix || prefix.Length == 0)
            {
                beside[name] = value;
            }
        }

        var level = graph;
        foreach (var key in place.Path)
        {
            var entries = WeightsPlace.EntriesOf(level)!;
            rest.AddRange(entries.Keys.Where(other => other != key && !all.Any(found => found.Path.Contains(other))));
            level = entries[key];
        }

        return new(
            own,
            [.. beside.Keys, .. rest],
            [.. all.Where(other => other != place).Select(other => other.Name)],
            beside.Where(entry => entry.Value is StoredTensor).ToDictionary(entry => entry.Key, entry => (StoredTensor)entry.Value!),
            place.Prefix,
            place.Name,
            IsUsualWrapping(place),
            isChosen);
    }

    /// <summary>The tensors of some other network, for whoever refuses it to say what it is.</summary>
    private static Dictionary<string, object?> AnyTensors(object? graph)
    {
        var values = Unwrap(graph);
        if (values?.Values.OfType<ClosedObject>().OrderByDescending(IsModule).FirstOrDefault() is { } stranger)
        {
            throw new InvalidDataException($"It names {FileText.Show(stranger.Name)}, which no state dict needs: nothing of it is run; " +
                $"save {(IsModule(stranger) ? "model.state_dict() of that module" : "only tensors and plain values")}.");
        }

        if (values?.Values.Any(value => value is StoredTensor) is true)
        {
            return WithoutPrefix(values);
        }

        var closed = graph as ClosedObject;
        var found = closed is not null && IsModule(closed) ? $"a whole module: it names {FileText.Show(closed.Name)}, and nothing of it " +
            $"is run; save model.state_dict()"
            : closed is not null ? $"an object: it names {FileText.Show(closed.Name)}, and nothing of it is run"
            : values is null ? TorchObjects.Describe(graph) : $"the keys {ListOf(values.Keys)}";
        throw new InvalidDataException("It holds no state dict: expected tensors by name, "
            + $"or a dictionary of them under '{string.Join("', '", Wrappers)}', but found {found}.");
    }

    private static bool IsModule(ClosedObject value) => value.Attributes?.ContainsKey("_modules") is true;

    /// <summary>Takes off what all names have in common. No network of several layers at its top has such a name of its own.</summary>
    private static Dictionary<string, object?> WithoutPrefix(Dictionary<string, object?> values)
    {
        while (values.Keys.First() is var first && first.IndexOf('.', StringComparison.Ordinal) + 1 is > 0 and var length
            && values.Keys.All(key => key.StartsWith(first[..length], StringComparison.Ordinal)))
        {
            values = values.ToDictionary(entry => entry.Key[length..], entry => entry.Value);
        }

        return values;
    }
}

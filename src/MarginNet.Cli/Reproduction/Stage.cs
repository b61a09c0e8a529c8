using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MarginNet.Cli.Reproduction;

/// <summary>A step of the experiment whose output files are kept: what tells it from others, and what it writes.</summary>
/// <param name="Name">Its name, unique in its folder.</param>
/// <param name="Settings">The settings that its output depends on.</param>
/// <param name="Inputs">The digests of what it reads.</param>
/// <param name="Outputs">The names of the files it writes.</param>
internal sealed record Stage(
    string Name, IReadOnlyDictionary<string, object?> Settings, ImmutableArray<string> Inputs, ImmutableArray<string> Outputs)
{
    /// <summary>The same for the same name, settings and inputs, and for no others.</summary>
    public string Key =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Name, Settings, Inputs, Outputs })));
}

/// <summary>A finished stage.</summary>
/// <param name="Name">The stage's name.</param>
/// <param name="Key">Its <see cref="Stage.Key"/>.</param>
/// <param name="Digests">The SHA-256 of each of its files, in their order.</param>
/// <param name="Seconds">How long it took when it was computed.</param>
/// <param name="Environment">Where it was computed.</param>
/// <param name="Facts">Figures that are not in its files.</param>
internal sealed record StageRecord(
    string Name, string Key, ImmutableArray<string> Digests, double Seconds, RunEnvironment Environment,
    ImmutableSortedDictionary<string, double> Facts)
{
    /// <summary>Whether an earlier run had computed it.</summary>
    [JsonIgnore]
    public bool IsKept { get; init; }
}

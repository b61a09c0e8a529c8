using System.Text.Json;
using System.Text.Json.Nodes;

namespace MarginNet.GpuCheck;

/// <summary>What one check found, as one line of JSON.</summary>
/// <param name="What">What was checked.</param>
/// <param name="Verdict">ok, failed, or note for what is only told.</param>
internal sealed record Finding(string What, string Verdict)
{
    /// <summary>The figure of the CPU, or of whatever the device is compared with.</summary>
    public double? Reference { get; init; }

    /// <summary>The figure of the device.</summary>
    public double? Found { get; init; }

    /// <summary>The most that <see cref="Found"/> may be, where there is a most.</summary>
    public double? Limit { get; init; }

    /// <summary>What the figures are, or why there are none.</summary>
    public string? Note { get; init; }

    /// <summary>A figure that has to stay at a limit or below.</summary>
    public static Finding AtMost(double limit, string what, double found, double? reference = null, string? note = null) =>
        new(what, found <= limit ? "ok" : "failed") { Reference = reference, Found = found, Limit = limit, Note = note };

    /// <summary>Something that has to hold.</summary>
    public static Finding Holds(bool holds, string what, string? note = null) => new(what, holds ? "ok" : "failed") { Note = note };

    public void Print() => Console.WriteLine(new JsonObject
    {
        ["what"] = What,
        ["reference"] = Number(Reference),
        ["found"] = Number(Found),
        ["limit"] = Number(Limit),
        ["note"] = Note,
        ["verdict"] = Verdict,
    }.ToJsonString(JsonSerializerOptions.Default));

    private static JsonValue? Number(double? value) => value is { } number && double.IsFinite(number)
        ? JsonValue.Create(number)
        : value is null ? null : JsonValue.Create($"{value}");
}

using System.Globalization;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
using MarginNet.Drift;

namespace MarginNet.Cli.Output;

/// <summary>How far a stream was watched, and what came of it: what <c>--state</c> keeps.</summary>
internal sealed class DriftRecord(DriftMonitor monitor)
{
    public DriftMonitor Monitor { get; } = monitor;

    /// <summary>The alarms, in their order.</summary>
    public List<DriftAlarm> Alarms { get; private init; } = [];

    /// <summary>The path of the logarithm to the base 10 of what is compared with the threshold.</summary>
    public ThinnedPath Path { get; private init; } = new();

    /// <summary>The bytes read.</summary>
    public long Offset { get; set; }

    /// <summary>The lines read.</summary>
    public long Line { get; set; }

    /// <summary>The column that was asked for; null for the only one.</summary>
    public string? Column { get; init; }

    /// <summary>What showed how to read the lines.</summary>
    public string? Header { get; set; }

    /// <summary>Writes all of it.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream);
        json.WriteStartObject();
        json.WriteNumber("offset", Offset);
        json.WriteNumber("line", Line);
        json.WriteString("header", Header);
        json.WriteString("column", Column);
        json.WritePropertyName("path");
        Path.Write(json);
        WriteAlarms(json);
        json.WritePropertyName("monitor");
        Monitor.Write(json);
        json.WriteEndObject();
    });

    /// <summary>Reads what was saved.</summary>
    public static DriftRecord Load(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            return new(DriftMonitor.Read(root.GetProperty("monitor")))
            {
                Alarms = [.. root.GetProperty("alarms").EnumerateArray().Select(DriftAlarm.Read)],
                Path = ThinnedPath.Read(root.GetProperty("path")),
                Offset = root.GetProperty("offset").GetInt64(),
                Line = root.GetProperty("line").GetInt64(),
                Header = root.GetProperty("header").GetString(),
                Column = root.GetProperty("column").GetString(),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException or KeyNotFoundException
            or FormatException)
        {
            throw new InvalidDataException($"'{path}' is no state of 'marginnet monitor': give another --state, or delete it. {e.Message}", e);
        }
    }

    /// <summary>What came of it, for a reader.</summary>
    public void Write(TextWriter output)
    {
        var first = Alarms.Count == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $", the first at sample {Alarms[0].Sample}");
        var alarms = Alarms.Count == 1 ? "alarm" : "alarms";
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Monitor.Count} samples, {Alarms.Count} {alarms}{first}; martingale 10^{Monitor.LogMartingale / Math.Log(10):f3}"));
        output.WriteLine($"by {DriftOptions.Describe(Monitor.Options)}");
    }

    /// <summary>The same for programs.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("count", Monitor.Count);
        json.WriteNumber("log10_martingale", Monitor.LogMartingale / Math.Log(10));
        json.WriteString("procedure", DriftOptions.Describe(Monitor.Options));
        WriteAlarms(json);
        json.WriteEndObject();
    }

    private void WriteAlarms(Utf8JsonWriter json)
    {
        json.WriteStartArray("alarms");
        Alarms.ForEach(alarm => alarm.Write(json));
        json.WriteEndArray();
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MarginNet.EndToEnd;

/// <summary>The figures of all rounds: medians, and ratios to the plain loop taken round by round.</summary>
internal static class Summary
{
    /// <summary>Who the others are compared with, where it has the figure.</summary>
    private static readonly string[] Bases = ["plain", "import torch"];

    /// <summary>Prints a table of the lines that measurements printed, and writes it as JSON to <paramref name="json"/> if given.</summary>
    public static void Write(string path, string? json)
    {
        var series = Read(path);
        Console.WriteLine($"{"",-40} {"",-22} {"",12}   ratio to plain, round by round");
        Console.WriteLine($"{"quantity",-40} {"who",-22} {"median",12} {"min",8} {"median",8} {"max",8}");
        var rows = new JsonArray();
        foreach (var quantity in series.GroupBy(one => one.Quantity))
        {
            var reference = quantity.FirstOrDefault(one => Bases.Contains(one.Who));
            foreach (var one in quantity)
            {
                double[] ratios = reference is null ? [] : [.. one.Values.Zip(reference.Values, (value, unit) => value / unit)];
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{one.Quantity,-40} {one.Who,-22} {Median(one.Values),12:F2}{Ratios(one, reference, ratios)}"));
                rows.Add(Row(one, reference, ratios));
            }
        }

        if (json is not null)
        {
            File.WriteAllText(json, new JsonObject { ["processors"] = Environment.ProcessorCount, ["figures"] = rows }.ToJsonString(
                new() { WriteIndented = true }) + "\n");
        }
    }

    private static List<Series> Read(string path)
    {
        var series = new List<Series>();
        foreach (var line in File.ReadLines(path))
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            foreach (var figure in root.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.Number))
            {
                var (quantity, who) =
                    ($"{root.GetProperty("what")}, {figure.Name.Replace('_', ' ')}", root.GetProperty("who").GetString()!);
                var one = series.Find(known => known.Quantity == quantity && known.Who == who);
                if (one is null)
                {
                    one = new(quantity, who, root.TryGetProperty(
                        "settings", out var settings) ? JsonNode.Parse(settings.GetRawText()) : null, []);
                    series.Add(one);
                }

                one.Values.Add(figure.Value.GetDouble());
            }
        }

        return series;
    }

    private static string Ratios(Series one, Series? reference, double[] ratios) =>
        reference is null || reference == one
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" {ratios.Min(),8:F3} {Median(ratios),8:F3} "
                + $"{ratios.Max(),8:F3}{(reference.Who == Bases[0] ? "" : $" (to {reference.Who})")}");

    private static JsonObject Row(Series one, Series? reference, double[] ratios)
    {
        var row = new JsonObject
        {
            ["quantity"] = one.Quantity,
            ["who"] = one.Who,
            ["median"] = Median(one.Values),
            ["values"] = Array(one.Values),
            ["settings"] = one.Settings,
        };
        if (reference is not null)
        {
            row["ratio"] = new JsonObject
            {
                ["to"] = reference.Who,
                ["min"] = ratios.Min(),
                ["median"] = Median(ratios),
                ["max"] = ratios.Max(),
                ["values"] = Array(ratios),
            };
        }

        return row;
    }

    private static JsonArray Array(IEnumerable<double> values) => [.. values.Select(value => (JsonNode)value)];

    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    private sealed record Series(string Quantity, string Who, JsonNode? Settings, List<double> Values);
}

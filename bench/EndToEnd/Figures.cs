using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>One measurement as one line of JSON: what was measured, of whom, under which settings, and the figures,
/// which are its numbers.</summary>
internal static class Figures
{
    public static void Print(string what, string who, Problem problem, params ReadOnlySpan<(string Name, double Value)> figures)
    {
        var line = new JsonObject { ["what"] = what, ["who"] = who };
        foreach (var (name, value) in figures)
        {
            line[name] = value;
        }

        line["settings"] = new JsonObject
        {
            ["width"] = problem.Width,
            ["batch"] = problem.Batch,
            ["seed"] = problem.Seed,
            ["threads"] = get_num_threads(),
        };
        Console.WriteLine(line.ToJsonString(JsonSerializerOptions.Default));
    }

    /// <summary>The most memory this process has had so far, in MiB.</summary>
    public static double PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1048576.0;
    }
}

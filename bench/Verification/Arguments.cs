using System.Globalization;

namespace MarginNet.Bench.Verification;

/// <param name="Folder">The set, with onnx, vnnlib, instances.csv and published.</param>
/// <param name="Timeout">The longest time of an instance; null for that of instances.csv.</param>
/// <param name="Threads">Threads of LibTorch and ONNX Runtime.</param>
/// <param name="Only">Only instances with this published answer, sat or unsat.</param>
/// <param name="Results">Where to write a row for each.</param>
internal sealed record Arguments(string Folder, TimeSpan? Timeout, int Threads, string? Only, string Results)
{
    public static Arguments? Parse(string[] args)
    {
        if (args is not [var folder, .. var options] || !File.Exists(Path.Combine(folder, "instances.csv")) || options.Length % 2 != 0)
        {
            return null;
        }

        var arguments = new Arguments(folder, null, Environment.ProcessorCount, null, "results.csv");
        foreach (var pair in options.Chunk(2))
        {
            switch (pair)
            {
                case ["--timeout", var text] when double.TryParse(text, CultureInfo.InvariantCulture, out var seconds):
                    arguments = arguments with { Timeout = TimeSpan.FromSeconds(seconds) };
                    break;
                case ["--threads", var text] when int.TryParse(text, CultureInfo.InvariantCulture, out var threads) && threads > 0:
                    arguments = arguments with { Threads = threads };
                    break;
                case ["--only", "sat" or "unsat"]:
                    arguments = arguments with { Only = pair[1] };
                    break;
                case ["--out", var file]:
                    arguments = arguments with { Results = file };
                    break;
                default:
                    return null;
            }
        }

        return arguments;
    }
}

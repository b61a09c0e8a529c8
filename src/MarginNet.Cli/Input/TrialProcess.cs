using System.Diagnostics;
using MarginNet.Cli.Commands;

namespace MarginNet.Cli.Input;

/// <summary>Loads a model in a process of its own first: where LibTorch finds an operator that it does not know, it ends the process,
/// and nothing can catch that.</summary>
internal static class TrialProcess
{
    private const int UserMistake = 2;
    private const int Interrupted = 130;
    private const string Prefix = "marginnet: ";

    /// <param name="path">The model file.</param>
    /// <param name="options">Those of <see cref="Options.ForeignOptions"/> as they were given.</param>
    /// <exception cref="UserErrorException">The file cannot be loaded.</exception>
    public static void Load(string path, string[] options)
    {
        var (file, first) = Self();
        using var process = Process.Start(new ProcessStartInfo(file, [.. first, TrialCommand.Word, path, .. options])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd(); // What the program prints.
        process.WaitForExit();
        switch (process.ExitCode)
        {
            case 0: return;
            case Interrupted: throw new OperationCanceledException();
            case UserMistake:
                throw new UserErrorException(
                Lines(error.Result).LastOrDefault(line => line.StartsWith(Prefix, StringComparison.Ordinal), Prefix)[Prefix.Length..]);
            default:
                throw new UserErrorException($"'{path}' ends any process that loads it ({Reason(error.Result)}), "
                + "so it cannot be used: save it again in Python, by a PyTorch no newer than this LibTorch.");
        }
    }

    /// <summary>This tool as a command: itself, or dotnet with its assembly.</summary>
    private static (string File, string[] First) Self()
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, $"{typeof(TrialProcess).Assembly.GetName().Name}.dll");
        var isHosted = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "dotnet" or "testhost";
        return isHosted && File.Exists(assembly) ? ("dotnet", [assembly]) : (Environment.ProcessPath!, []);
    }

    /// <summary>What LibTorch complained of last, in C++'s words "what():" and the line after it.</summary>
    private static string Reason(string error)
    {
        var lines = Lines(error);
        var what = Array.FindIndex(lines, line => line.Contains("what():", StringComparison.Ordinal));
        var text = what < 0 ? "" : string.Join(' ', lines.Skip(what).Take(2)).Split("what():", 2)[1].Trim();
        return text.Length > 0 ? text : "without a word";
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

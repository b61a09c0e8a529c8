using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MarginNet.EndToEnd;

/// <summary>MarginNet's training or scoring in a process of its own, for what is settled when LibTorch is loaded:
/// its environment.</summary>
/// <param name="command">'train' or 'score'.</param>
/// <param name="problem">The sizes.</param>
/// <param name="environment">Variables of the process, above those of this one.</param>
/// <param name="busy">Whether another thread of the machine computes all the while.</param>
internal sealed class OwnProcess(string command, Problem problem, (string Name, string Value)[] environment, bool busy = false) : IWork
{
    private const int Batches = 4;

    public double SecondsPerImage()
    {
        using var neighbour = busy ? new BusyLoop() : null;
        using var process = Process.Start(StartInfo())!;
        var line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{command}' in a process of its own failed with exit code {process.ExitCode}.");
        }

        using var figures = JsonDocument.Parse(line);
        return 1 / figures.RootElement.GetProperty("images_per_second").GetDouble();
    }

    public void Dispose()
    {
        // Each process has ended.
    }

    private ProcessStartInfo StartInfo()
    {
        var images = (Batches * problem.Batch).ToString(CultureInfo.InvariantCulture);
        var (width, batch) = (problem.Width.ToString(CultureInfo.InvariantCulture), problem.Batch.ToString(CultureInfo.InvariantCulture));
        string[] arguments = [command, "marginnet", "--width", width, "--batch", batch, "--images", images];
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}

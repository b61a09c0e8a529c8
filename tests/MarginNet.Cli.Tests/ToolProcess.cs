using System.Diagnostics;
using System.Globalization;

namespace MarginNet.Cli.Tests;

/// <summary>The tool in a process of its own, which a signal can end. Only for Linux.</summary>
internal static class ToolProcess
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(3); // On a machine that may be busy.

    /// <summary>Starts the tool. It heeds SIGINT even where the tests were started in the background of a script,
    /// where shells have it ignored.</summary>
    public static Process Start(params string[] args) => StartWith([], args);

    /// <summary>Starts the tool with environment variables such as <c>HOME=/tmp</c> beside the others.</summary>
    public static Process StartWith(string[] variables, params string[] args) => Process.Start(
        new ProcessStartInfo(
            "env", ["--default-signal=INT", .. variables, "dotnet", Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll"), .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;

    /// <summary>Sends a signal such as INT; to a process that has ended, none.</summary>
    public static async Task SignalAsync(this Process process, string signal)
    {
        var start = new ProcessStartInfo("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        };
        using var kill = Process.Start(start)!;
        await kill.WaitForExitAsync();
    }

    /// <summary>Reads what the tool says on standard error up to a line with a text in it.</summary>
    public static async Task ReadToAsync(this Process process, string text)
    {
        while (await process.StandardError.ReadLineAsync().WaitAsync(TimeLimit) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The tool ended, with exit code {process.ExitCode}, and never said '{text}'.");
    }

    /// <summary>Waits until the tool computes: it has loaded LibTorch, after it began to listen to signals.</summary>
    public static async Task WaitForTorchAsync(this Process process)
    {
        var watch = Stopwatch.StartNew();
        while (!process.HasExited
            && !(await File.ReadAllTextAsync($"/proc/{process.Id}/maps")).Contains("libtorch_cpu", StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < TimeLimit, "The tool did not load LibTorch.");
            await Task.Delay(50);
        }
    }

    /// <summary>Waits for the end of the process and returns what it still says on standard error; one that does not end is killed,
    /// and fails the test.</summary>
    public static async Task<string> EndAsync(this Process process)
    {
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(TimeLimit);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The tool did not end within {TimeLimit.TotalSeconds} s, and was killed. It said: {await error}");
        }

        return await error;
    }
}

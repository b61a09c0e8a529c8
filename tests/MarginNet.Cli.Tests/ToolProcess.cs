using System.Diagnostics;
using System.Globalization;

namespace MarginNet.Cli.Tests;

/// <summary>The tool in a process of its own, which a signal can end.</summary>
internal static class ToolProcess
{
    public static Process Start(params string[] args) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll"), .. args])
    {
        RedirectStandardInput = true,
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>Sends a signal such as INT; to a process that has ended, none.</summary>
    public static async Task SignalAsync(this Process process, string signal)
    {
        var start = new ProcessStartInfo("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardError = true };
        using var kill = Process.Start(start)!;
        await kill.WaitForExitAsync();
    }
}

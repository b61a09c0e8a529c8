using System.ComponentModel;
using System.Diagnostics;

namespace MarginNet.Cli.Tests.Report;

/// <summary>A test in a headless browser, skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ChromiumTheoryAttribute : TheoryAttribute
{
    private static readonly string? Found = Array.Find(["chromium", "chromium-browser", "google-chrome"], Exists);

    public ChromiumTheoryAttribute()
    {
        if (Found is null)
        {
            Skip = "Needs chromium.";
        }
    }

    /// <summary>Runs the browser and returns what it printed.</summary>
    public static string Run(params string[] arguments)
    {
        using var process = Start(Found!, ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", .. arguments]);
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(error.Result);
    }

    /// <summary>Starts the browser.</summary>
    public static Process Start(params string[] arguments) => Start(Found!, arguments);

    private static bool Exists(string name)
    {
        try
        {
            using var process = Start(name, ["--version"]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static Process Start(string name, string[] arguments) =>
        Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}

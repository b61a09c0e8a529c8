using System.ComponentModel;
using System.Diagnostics;

namespace MarginNet.Tests;

/// <summary>A test that runs Python with PyTorch, and is skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    private static readonly string? Found = Array.Find(["python3", "/usr/bin/python3"], HasTorch);

    public PythonFactAttribute()
    {
        if (Found is null)
        {
            Skip = "Needs python3 with torch.";
        }
    }

    /// <summary>Runs a script and returns what it printed; a failure throws with what it said.</summary>
    public static string Run(string path, params string[] arguments)
    {
        var (exitCode, output, error) = Start(Found!, ["-B", path, .. arguments]);
        return exitCode == 0 ? output : throw new InvalidOperationException(error);
    }

    private static bool HasTorch(string python)
    {
        try
        {
            return Start(python, ["-c", "import torch"]).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static (int ExitCode, string Output, string Error) Start(string python, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}

using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;

namespace MarginNet.Tests;

/// <summary>A test that runs Python with PyTorch or another module, and is skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    private static readonly ConcurrentDictionary<string, string?> Pythons = new();

    public PythonFactAttribute(string module = "torch")
    {
        Module = module;
        if (Find(module) is null)
        {
            Skip = $"Needs python3 with {module}.";
        }
    }

    /// <summary>What Python has to have.</summary>
    public string Module { get; }

    /// <summary>Runs a script and returns what it printed; a failure throws with what it said.</summary>
    public static string Run(string path, params string[] arguments) => RunWith("torch", path, arguments);

    /// <summary>Runs a script in a Python that has a module.</summary>
    public static string RunWith(string module, string path, params string[] arguments)
    {
        var (exitCode, output, error) = Start(Find(module)!, ["-B", path, .. arguments]);
        return exitCode == 0 ? output : throw new InvalidOperationException(error);
    }

    private static string? Find(string module) =>
        Pythons.GetOrAdd(module, name => Array.Find(["python3", "/usr/bin/python3"], python => Has(python, name)));

    private static bool Has(string python, string module)
    {
        try
        {
            return Start(python, ["-c", $"import {module}"]).ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static (int ExitCode, string Output, string Error) Start(string python, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(python, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}

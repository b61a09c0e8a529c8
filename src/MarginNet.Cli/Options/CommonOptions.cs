using System.CommandLine;

namespace MarginNet.Cli.Options;

/// <summary>The options that every command has.</summary>
internal static class CommonOptions
{
    private const string Quiet = "--quiet";
    private const string Verbose = "--verbose";
    private const string Torch = "--torch";
    private const string AnyTorchVersion = "--torch-any-version";

    /// <summary>Adds them to the root, and so to every command.</summary>
    /// <returns>The option that names a configuration file.</returns>
    public static Option<string?> AddTo(RootCommand root)
    {
        Option<string?> configuration = new("--config")
        {
            Description = "Take options from this JSON file, such as the .config.json beside an output; those given here go first.",
            Recursive = true,
        };
        root.Add(configuration);
        root.Add(new Option<bool>(Quiet, "-q")
        {
            Description = "Show results, warnings and errors only: no progress, no notes.",
            Recursive = true,
        });
        root.Add(new Option<bool>(Verbose)
        {
            Description = "Also tell the versions, the options that were given, and what the run took; errors with their trace.",
            Recursive = true,
        });
        root.Add(new Option<string?>(Torch)
        {
            Description =
                "Compute with an installed PyTorch, such as one for a GPU: its folder, or auto to look for it. "
                + $"{TorchInstallation.Variable} does the same.",
            Recursive = true,
        });
        root.Add(new Option<bool>(AnyTorchVersion)
        {
            Description =
                "Try a version of PyTorch that MarginNet was not tried with; "
                + $"those are {string.Join(", ", TorchInstallation.TriedVersions)}.",
            Recursive = true,
        });
        return configuration;
    }

    /// <summary>Loads the PyTorch that is asked for, which has to come before anything else of LibTorch.</summary>
    public static void LoadTorch(this ParseResult parsed)
    {
        if (parsed.GetValue<string?>(Torch) is { } folder)
        {
            var anyVersion = parsed.GetValue<bool>(AnyTorchVersion);
            TorchNative.Use(TorchInstallation.Open(folder), anyVersion);
            // For processes that this one starts.
            Environment.SetEnvironmentVariable(TorchInstallation.Variable, TorchNative.Installation!.Folder);
            Environment.SetEnvironmentVariable(TorchInstallation.AnyVersionVariable, anyVersion ? "1" : null);
        }
    }

    public static bool IsQuiet(this ParseResult parsed) => parsed.GetValue<bool>(Quiet);

    public static bool IsVerbose(this ParseResult parsed) => parsed.GetValue<bool>(Verbose);

    /// <summary>The signals that may stop this run; null where it listens to none.</summary>
    public static Interruption? Interruption(this ParseResult parsed) => (parsed.InvocationConfiguration as ToolInvocation)?.Interruption;

    /// <summary>Where progress and notes go: standard error, or nowhere.</summary>
    public static TextWriter Notes(this ParseResult parsed) => parsed.IsQuiet() ? TextWriter.Null : parsed.InvocationConfiguration.Error;

    /// <summary>Tells, on standard error, what a user may want to know.</summary>
    public static void Note(this ParseResult parsed, string text) => parsed.Notes().WriteLine($"note: {text}");

    /// <summary>Tells, on standard error, what makes results doubtful; <c>--quiet</c> does not keep it back.</summary>
    public static void Warn(this ParseResult parsed, string text) => parsed.InvocationConfiguration.Error.WriteLine($"warning: {text}");
}

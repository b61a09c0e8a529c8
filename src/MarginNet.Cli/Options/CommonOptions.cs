using System.CommandLine;

namespace MarginNet.Cli.Options;

/// <summary>The options that every command has.</summary>
internal static class CommonOptions
{
    private const string Quiet = "--quiet";
    private const string Verbose = "--verbose";

    /// <summary>Adds them to the root, and so to every command.</summary>
    /// <returns>The option that names a configuration file.</returns>
    public static Option<string?> AddTo(RootCommand root)
    {
        Option<string?> configuration = new("--config") { Description = "Take options from this JSON file, such as the .config.json beside an output; those given here go first.", Recursive = true };
        root.Add(configuration);
        root.Add(new Option<bool>(Quiet, "-q") { Description = "Show results, warnings and errors only: no progress, no notes.", Recursive = true });
        root.Add(new Option<bool>(Verbose) { Description = "Also tell the versions, the options that were given, and what the run took; errors with their trace.", Recursive = true });
        return configuration;
    }

    public static bool IsQuiet(this ParseResult parsed) => parsed.GetValue<bool>(Quiet);

    public static bool IsVerbose(this ParseResult parsed) => parsed.GetValue<bool>(Verbose);

    /// <summary>The signals that may stop this run; null where it listens to none.</summary>
    public static Interruption? Interruption(this ParseResult parsed) => (parsed.InvocationConfiguration as ToolInvocation)?.Interruption;

    /// <summary>Where progress and notes go: standard error, or nowhere.</summary>
    public static TextWriter Notes(this ParseResult parsed) => parsed.IsQuiet() ? TextWriter.Null : parsed.InvocationConfiguration.Error;
}

using MarginNet.Cli.Reproduction;

namespace MarginNet.Cli.Tests.Reproduction;

/// <summary>The tests that look at what one and the same run wrote.</summary>
[CollectionDefinition(nameof(SmokeRun))]
public sealed class SmokeRunUsers : ICollectionFixture<SmokeRun>;

/// <summary>One run of the smoke preset on few images.</summary>
public sealed class SmokeRun : IDisposable
{
    private readonly Tool _tool = new();

    public SmokeRun() => Run = Reproduce(Folder).GetAwaiter().GetResult();

    internal static int Networks => Presets.All.Single(preset => preset.Name == "smoke").Runs.Length;

    internal ToolRun Run { get; }

    internal string Folder => _tool.File("out");

    internal string File(params string[] names) => Path.Combine([Folder, .. names]);

    /// <summary>Runs the tool again, with the same settings but for those given.</summary>
    internal static Task<ToolRun> Reproduce(string folder, params string[] more)
    {
        Dictionary<string, string> defaults = new()
        {
            ["--epochs"] = "1",
            ["--limit-train"] = "150",
            ["--limit-test"] = "60",
            ["--resamples"] = "20",
        };
        var rest = defaults.Where(option => !more.Contains(option.Key)).SelectMany(option => new[] { option.Key, option.Value });
        return Tool.RunAsync(["reproduce", "--preset", "smoke", "--out", folder, .. rest, .. more]);
    }

    public void Dispose() => _tool.Dispose();
}

namespace MarginNet.Cli.Tests.Commands;

/// <summary>A test of a tool whose oneDNN believes that the processor hides its caches, and computes wrongly;
/// skipped where that cannot be brought about.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class HiddenCachesFactAttribute : FactAttribute
{
    private static readonly Dictionary<string, string> Hook = new()
    {
        ["DOTNET_STARTUP_HOOKS"] = Path.Combine(AppContext.BaseDirectory, "HiddenCaches.dll"),
    };

    private static readonly Lazy<ToolRun> Run = new(() => DoctorCommandTests.RunAsync(Hook).GetAwaiter().GetResult());

    public HiddenCachesFactAttribute()
    {
        if (!OperatingSystem.IsLinux())
        {
            Skip = "Needs Linux, which tells where a library's variables are.";
        }
        else if (Run.Value.Error.Contains("at StartupHook.", StringComparison.Ordinal))
        {
            Skip = $"There is nothing to hide: {Run.Value.Error.Split('\n')[0]}";
        }
    }

    /// <summary>What <c>marginnet doctor</c> says there.</summary>
    public static ToolRun Doctor => Run.Value;
}

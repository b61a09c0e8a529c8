using System.Runtime.CompilerServices;

namespace MarginNet.Cli.Tests;

/// <summary>A folder for what the tool keeps for its user, so that no test touches that of whoever runs it.</summary>
internal static class UserFolder
{
    [ModuleInitializer]
    internal static void Initialize()
    {
        var folder = Directory.CreateTempSubdirectory("marginnet-test-user-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", folder);
        Environment.SetEnvironmentVariable("APPDATA", folder);
    }
}

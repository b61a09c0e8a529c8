using System.Runtime.InteropServices;

namespace MarginNet.Cli;

/// <summary>Ends the process at once: no handler, no destructor of a native library, beneath a thread that still runs in it.</summary>
internal static partial class NativeExit
{
    public static void Now(int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            Environment.Exit(exitCode);
        }

        Exit(exitCode);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void Exit(int exitCode);
}

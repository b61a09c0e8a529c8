using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>LibTorch's CPU library in this process, for functions that it exports and TorchSharp does not have.</summary>
internal static class TorchLibrary
{
    private static nint _handle;
    private static bool _isLoaded;

    /// <summary>The library, loaded where it was not yet.</summary>
    /// <exception cref="DllNotFoundException">It is not there.</exception>
    public static nint Handle
    {
        get
        {
            Require();
            return _handle != 0 ? _handle : _handle = NativeLibrary.Load("torch_cpu", typeof(TorchSharp.torch).Assembly, null);
        }

        internal set => _handle = value;
    }

    /// <summary>Loads LibTorch, where nothing has yet.</summary>
    /// <exception cref="DllNotFoundException">It is not there, and the message names the package to add.</exception>
    public static void Require()
    {
        if (!_isLoaded)
        {
            if (TorchNative.Installation is null && TorchNative.Library is null)
            {
                LoadPackages();
            }

            InitializeDeviceType(TorchSharp.DeviceType.CPU);
            _isLoaded = true;
        }
    }

    /// <summary>A function; null where LibTorch does not export it.</summary>
    /// <param name="name">Its name as GCC and Clang give it.</param>
    /// <param name="windowsName">Its name as Visual C++ gives it; null where it is not called there.</param>
    public static unsafe void* Find(string name, string? windowsName = null) =>
        (OperatingSystem.IsWindows() ? windowsName : name) is { } exported
            && NativeLibrary.TryGetExport(Handle, exported, out var address) ? (void*)address : null;

    /// <summary>The cause in one line. The dynamic loader tells many: it looks for the library in many places,
    /// and most do not have it.</summary>
    public static string Cause(DllNotFoundException e)
    {
        string[] lines = e.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var name = lines[0].Split('\'').ElementAtOrDefault(1) ?? "it";
        return lines.Length == 1 ? lines[0]
            : Array.Find(lines[1..], line => !line.Split(':')[0].Contains(name, StringComparison.Ordinal)
                || !line.Contains("No such file", StringComparison.Ordinal))
            ?? $"there is no {name} where programs look";
    }

    /// <summary>Where this fails, TorchSharp would print its search to standard output and copy LibTorch from NuGet's cache:
    /// it is not asked.</summary>
    private static void LoadPackages()
    {
        try
        {
            NativeLibrary.Load("torch_cpu", typeof(TorchSharp.torch).Assembly, null);
            NativeLibrary.Load(TorchSharpLibrary.Name, typeof(TorchSharp.torch).Assembly, null);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException($"LibTorch cannot be loaded: {Cause(e).TrimEnd('.')}. {Cure()}", e);
        }
    }

    private static string Cure()
    {
        var system = OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64";
        var (name, architecture) =
            (system[..system.IndexOf('-', StringComparison.Ordinal)], $"{RuntimeInformation.ProcessArchitecture}".ToLowerInvariant());
        return $"{name}-{architecture}" == system
            ? $"Add the package libtorch-cpu-{system} to the program, or set {TorchInstallation.Variable} to an installed PyTorch; "
                + "the tool has LibTorch inside: install the tool again."
            : $"LibTorch's package is for {system}, and this is {name}-{architecture}: use such a machine.";
    }
}

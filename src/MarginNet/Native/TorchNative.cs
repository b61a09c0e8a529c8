using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using MarginNet.Native;

namespace MarginNet;

/// <summary>
/// Which LibTorch this process computes with: that of its packages, or an installed PyTorch. Also makes TorchSharp's native library
/// load on Linux systems whose libstdc++ is older than GCC 13's (Debian 12, Ubuntu 22.04, RHEL 9), with nothing to install, and numbers that
/// TorchSharp hands to LibTorch live until they are read, which they else do not always.
/// </summary>
/// <remarks>
/// When, and only when, the runtime has failed to load TorchSharp's library, an adapted copy in memory is loaded in its place;
/// no file is changed.
/// One case is out of reach: a plug-in whose load context finds native libraries by itself and throws when one does not load.
/// </remarks>
public static partial class TorchNative
{
    private static readonly Lock Gate = new();
    private static nint _adaptedCopy;
    private static nint _torchSharp;

    /// <summary>Whether this process runs on the adapted copy of TorchSharp's native library.</summary>
    public static bool UsesAdaptedCopy => _adaptedCopy != 0;

    /// <summary>The installation in place of the packages' LibTorch, by <see cref="Use"/> or the environment variable MARGINNET_TORCH;
    /// null where there is none.</summary>
    public static TorchInstallation? Installation { get; private set; }

    /// <summary>The file of LibTorch's CPU library in this process; null where it is not loaded, or the system does not tell.</summary>
    public static string? Library => OperatingSystem.IsLinux()
        ? File.ReadLines("/proc/self/maps")
            .Select(line => line[Math.Max(0, line.IndexOf('/', StringComparison.Ordinal))..])
            .FirstOrDefault(path => Path.GetFileName(path) == "libtorch_cpu.so")
        : Process.GetCurrentProcess().Modules
            .Cast<ProcessModule>()
            .Select(module => module.FileName)
            .FirstOrDefault(path => Path.GetFileNameWithoutExtension(path) is "torch_cpu" or "libtorch_cpu");

    /// <summary>Computes with an installed PyTorch from now on, for as long as the process lives.
    /// To be called before anything of <c>torch</c> is used.</summary>
    /// <param name="installation">The installation, from <see cref="TorchInstallation.Open"/>.</param>
    /// <param name="anyVersion">Whether a version that was not tried will do.</param>
    /// <exception cref="NotSupportedException">It cannot be used: it lacks symbols, or its version was not tried.</exception>
    /// <exception cref="InvalidOperationException">Another LibTorch is loaded already.</exception>
    /// <exception cref="DllNotFoundException">A library that it needs is missing.</exception>
    public static void Use(TorchInstallation installation, bool anyVersion = false)
    {
        ArgumentNullException.ThrowIfNull(installation);
        lock (Gate)
        {
            if (installation.Folder == Installation?.Folder)
            {
                return;
            }

            installation.ThrowIfNotUsable(anyVersion);
            if (Library is { } loaded)
            {
                throw new InvalidOperationException($"LibTorch is loaded already, from '{loaded}': "
                    + $"choose the PyTorch in '{installation.Folder}' before anything of torch is used.");
            }

            TorchLibrary.Handle = InstalledTorch.Load(installation);
            Installation = installation;
        }
    }

    /// <summary>Loads LibTorch now, where nothing has yet.</summary>
    /// <exception cref="DllNotFoundException">It cannot be loaded: the message says why, in one line, and which package to add.</exception>
    public static void Load() => TorchLibrary.Require();

    /// <summary>
    /// Does nothing more than running this library's module initializer, which arranges for TorchSharp's native library to
    /// load. A program whose first use of <c>torch</c> may come before its first use of MarginNet calls it from a module
    /// initializer of its own; the MarginNet package adds one to every C# project that references it.
    /// </summary>
    public static void Prepare()
    {
        // Empty on purpose: the call itself runs Initialize.
    }

#pragma warning disable CA2255 // The ModuleInitializer attribute in libraries: torch must be loadable before any of our code is called.
    [ModuleInitializer]
    internal static void Initialize()
#pragma warning restore CA2255
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            return;
        }

        // Threads that sleep rather than spin between parallel regions: twice as fast on a busy machine, no slower on an idle
        // one. libgomp reads it once, when LibTorch loads it; a value the user has set stays.
        _ = SetEnvironmentVariable("OMP_WAIT_POLICY", "passive", overwrite: 0);

        // ONNX Runtime has telemetry, and nothing is to be sent; it reads this once, when a model is loaded.
        _ = SetEnvironmentVariable("ORT_DISABLE_TELEMETRY", "1", overwrite: 0);

        // Raised, where TorchSharp is loaded, only after the runtime's own search has failed.
        var context = AssemblyLoadContext.GetLoadContext(typeof(TorchSharp.torch).Assembly) ?? AssemblyLoadContext.Default;
        context.ResolvingUnmanagedDll += (_, name) => name == TorchSharpLibrary.Name ? LoadAdaptedCopy() : 0;

        try
        {
            NativeLibrary.SetDllImportResolver(typeof(TorchSharp.torch).Assembly, Resolve);
        }
        catch (InvalidOperationException)
        {
            // The program has its own.
        }

        if (Environment.GetEnvironmentVariable(TorchInstallation.Variable) is { Length: > 0 } folder)
        {
            Use(TorchInstallation.Open(folder), Environment.GetEnvironmentVariable(TorchInstallation.AnyVersionVariable) == "1");
        }
    }

    /// <summary>Finds TorchSharp's native library as the runtime would.</summary>
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != TorchSharpLibrary.Name)
        {
            return 0;
        }

        lock (Gate)
        {
            return _torchSharp != 0 ? _torchSharp
                : _torchSharp = NativeLibrary.TryLoad(name, assembly, path, out var library) ? ScalarDisposal.Defer(library) : 0;
        }
    }

    private static nint LoadAdaptedCopy()
    {
        lock (Gate)
        {
            return _adaptedCopy != 0 ? _adaptedCopy : _adaptedCopy = TorchSharpLibrary.TryLoadAdaptedCopy();
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}

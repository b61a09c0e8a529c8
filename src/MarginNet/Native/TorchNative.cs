using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Microsoft.Win32.SafeHandles;

namespace MarginNet;

/// <summary>
/// Makes TorchSharp's native library load on Linux systems whose libstdc++ is older than GCC 13's
/// (Debian 12, Ubuntu 22.04, RHEL 9), with nothing to install.
/// </summary>
/// <remarks>
/// TorchSharp 0.107's <c>libLibTorchSharp.so</c> asks for the symbol version GLIBCXX_3.4.32, for one symbol it can do without.
/// When, and only when, the runtime has failed to load that library, a copy in memory whose requirement is marked weak is
/// loaded in its place. Where the library loads as it is, nothing is touched. No file is changed.
/// One case is out of reach: a plug-in whose load context finds native libraries by itself and throws when one does not load.
/// </remarks>
public static partial class TorchNative
{
    private const string LibraryName = "LibTorchSharp";
    private const string FileName = "libLibTorchSharp.so";
    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string DispensableSymbol = "_ZSt21ios_base_library_initv";
    private const uint CloseOnExec = 1;

    private static readonly Lock Gate = new();
    private static nint _loaded;

    /// <summary>Whether this process runs on the adapted copy of TorchSharp's native library.</summary>
    public static bool UsesAdaptedCopy => _loaded != 0;

    /// <summary>The file of LibTorch's CPU library in this process; null where it is not loaded, or the system does not tell.</summary>
    public static string? Library => OperatingSystem.IsLinux()
        ? File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/', StringComparison.Ordinal))..]).FirstOrDefault(path => Path.GetFileName(path) == "libtorch_cpu.so")
        : Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(module => module.FileName).FirstOrDefault(path => Path.GetFileNameWithoutExtension(path) is "torch_cpu" or "libtorch_cpu");

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
        context.ResolvingUnmanagedDll += (assembly, name) => name == LibraryName ? LoadAdaptedCopy(assembly) : 0;
    }

    private static nint LoadAdaptedCopy(Assembly torchSharp)
    {
        lock (Gate)
        {
            return _loaded != 0 ? _loaded : _loaded = TryLoadAdaptedCopy([.. SearchDirectories(torchSharp)]);
        }
    }

    private static nint TryLoadAdaptedCopy(string[] directories)
    {
        var path = Find(FileName, directories);
        if (path is null || !FailsForMissingVersion(path))
        {
            return 0; // Some other problem: TorchSharp's own message tells.
        }

        var image = File.ReadAllBytes(path);
        if (!ElfSymbolVersion.TryMakeWeak(image, MissingVersion, DispensableSymbol))
        {
            return 0;
        }

        // The copy lies away from its siblings, so they are loaded first, by full path: else the loader may find another
        // libtorch.so on the system, and the process crashes.
        return Find("libtorch.so", directories) is { } libtorch && NativeLibrary.TryLoad(libtorch, out _) ? LoadImage(image) : 0;
    }

    private static bool FailsForMissingVersion(string path)
    {
        try
        {
            NativeLibrary.Free(NativeLibrary.Load(path));
            return false;
        }
        catch (DllNotFoundException e)
        {
            return e.Message.Contains(MissingVersion, StringComparison.Ordinal);
        }
    }

    private static string? Find(string fileName, string[] directories) =>
        directories.Select(directory => Path.Combine(directory, fileName)).FirstOrDefault(File.Exists);

    private static IEnumerable<string> SearchDirectories(Assembly torchSharp)
    {
#pragma warning disable IL3000 // Avoid accessing Assembly file path when publishing as a single file: it is empty there, and is left out.
        var beside = Path.GetDirectoryName(torchSharp.Location);
#pragma warning restore IL3000
        string?[] bases = [beside, AppContext.BaseDirectory];
        var native = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return bases.Where(directory => !string.IsNullOrEmpty(directory))
            .SelectMany(directory => new[] { directory!, Path.Combine(directory!, "runtimes", "linux-x64", "native") })
            .Concat(native.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
    }

    private static nint LoadImage(byte[] image)
    {
        // An anonymous file in memory: no cache to keep, no race between processes, no need of a writable or executable folder.
        var descriptor = CreateMemoryFile(FileName, CloseOnExec);
        if (descriptor >= 0)
        {
            using var file = new SafeFileHandle(descriptor, ownsHandle: true);
            RandomAccess.Write(file, image, 0);
            if (NativeLibrary.TryLoad($"/proc/self/fd/{descriptor}", out var library))
            {
                return library;
            }
        }

        var folder = Directory.CreateTempSubdirectory("marginnet-"); // Mode 0700.
        try
        {
            var path = Path.Combine(folder.FullName, FileName);
            File.WriteAllBytes(path, image);
            return NativeLibrary.Load(path); // Stays mapped when the file is gone.
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);
}

using System.Runtime.InteropServices;

namespace MarginNet.Native;

/// <summary>
/// TorchSharp's native library: its file, and a copy in memory that loads where libstdc++ is older than GCC 13's. The file asks
/// for the symbol version GLIBCXX_3.4.32, for one symbol it can do without; in the copy that requirement is weak.
/// </summary>
internal static class TorchSharpLibrary
{
    /// <summary>The name by which TorchSharp asks for it.</summary>
    public const string Name = "LibTorchSharp";

    /// <summary>The name of its file, by which the dynamic loader knows it too.</summary>
    public const string FileName = "libLibTorchSharp.so";

    private const string MissingVersion = "GLIBCXX_3.4.32";
    private const string DispensableSymbol = "_ZSt21ios_base_library_initv";

    /// <summary>Its file.</summary>
    /// <exception cref="FileNotFoundException">It is in none of the folders where this program's native libraries are.</exception>
    public static string File => Find(FileName) ?? throw new FileNotFoundException(
        $"{FileName}, which the package TorchSharp brings, is not where this program's native libraries are: add the package.", FileName);

    /// <summary>A native library of this program; null where it has none of that name.</summary>
    public static string? Find(string fileName) =>
        SearchDirectories().Select(directory => Path.Combine(directory, fileName)).FirstOrDefault(System.IO.File.Exists);

    /// <summary>Loads the copy, if the file fails for no other reason than that version.</summary>
    /// <returns>Its handle; 0 where something else is wrong, which TorchSharp's own message tells.</returns>
    public static nint TryLoadAdaptedCopy()
    {
        if (Find(FileName) is not { } path || !FailsForMissingVersion(path))
        {
            return 0;
        }

        var image = System.IO.File.ReadAllBytes(path);
        if (!ElfSymbolVersion.TryMakeWeak(image, MissingVersion, DispensableSymbol))
        {
            return 0;
        }

        // The copy lies away from its siblings, so they are loaded first, by full path: else the loader may find another
        // libtorch.so on the system, and the process crashes. Those of an installation are loaded already.
        return TorchNative.Installation is not null
            || (Find("libtorch.so") is { } libtorch && NativeLibrary.TryLoad(libtorch, out _)) ? MemoryLibrary.Load(image, FileName) : 0;
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

    private static IEnumerable<string> SearchDirectories()
    {
#pragma warning disable IL3000 // Avoid accessing Assembly file path when publishing as a single file: it is empty there, and is left out.
        var beside = Path.GetDirectoryName(typeof(TorchSharp.torch).Assembly.Location);
#pragma warning restore IL3000
        string?[] bases = [beside, AppContext.BaseDirectory];
        var native = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        return bases.Where(directory => !string.IsNullOrEmpty(directory))
            .SelectMany(directory => new[] { directory!, Path.Combine(directory!, "runtimes", "linux-x64", "native") })
            .Concat(native.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
    }
}

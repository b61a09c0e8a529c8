using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using MarginNet.Native;

namespace MarginNet;

/// <summary>
/// An installed PyTorch, or an unpacked LibTorch, whose native libraries can take the place of the package <c>libtorch-cpu-…</c>:
/// for a GPU, mostly. Linux x64.
/// </summary>
public sealed partial record TorchInstallation
{
    /// <summary>The environment variable by which an installation is chosen for any program.</summary>
    public const string Variable = "MARGINNET_TORCH";

    /// <summary>The environment variable that admits versions outside <see cref="TriedVersions"/>, if it is <c>1</c>.</summary>
    public const string AnyVersionVariable = "MARGINNET_TORCH_ANY_VERSION";

    /// <summary>The name by which <see cref="Find"/> is asked for in place of a folder.</summary>
    public const string Automatic = "auto";

    private static readonly ImmutableArray<string> Required = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private static readonly ImmutableArray<string> Environments = ["VIRTUAL_ENV", "CONDA_PREFIX"];

    private TorchInstallation(string folder, string? version)
    {
        (Folder, Version) = (folder, version);
        HasCuda = File.Exists(Path.Combine(folder, "libtorch_cuda.so"));
    }

    /// <summary>The versions with which MarginNet was run, such as <c>2.10</c>: others may differ in what no symbol tells.</summary>
    public static ImmutableArray<string> TriedVersions { get; } = ["2.10", "2.11"];

    /// <summary>The folder of its native libraries, such as <c>…/site-packages/torch/lib</c>.</summary>
    public string Folder { get; }

    /// <summary>Its version, such as <c>2.10.0+cu128</c>; null where no file tells.</summary>
    public string? Version { get; }

    /// <summary>Whether it has libraries for CUDA.</summary>
    public bool HasCuda { get; }

    /// <summary>The symbols that TorchSharp's native library takes from LibTorch.</summary>
    public required ImmutableArray<string> NeededSymbols { get; init; }

    /// <summary>Those of them that this installation lacks; empty where it can be used.</summary>
    public required ImmutableArray<string> MissingSymbols { get; init; }

    /// <summary>Finds the libraries of an installation and examines them. Nothing is loaded.</summary>
    /// <param name="path">
    /// Its folder: of the package <c>torch</c>, of the libraries in it, of a virtual environment or Python installation that has it,
    /// or of an unpacked LibTorch; or <c>auto</c>, see <see cref="Find"/>.
    /// </param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or no LibTorch in it.</exception>
    /// <exception cref="InvalidDataException">A library in it is cut short.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not Linux on x64.</exception>
    public static TorchInstallation Open(string path)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
        {
            throw new PlatformNotSupportedException("An installed PyTorch can be used on Linux x64, "
                + $"and this is {RuntimeInformation.RuntimeIdentifier}: use the package libtorch-cpu-… or TorchSharp-cuda-….");
        }

        if (path == Automatic)
        {
            return Find() ?? throw new DirectoryNotFoundException("No PyTorch was found in a virtual environment, "
                + "beside the python3 on the PATH or in the user's packages: give its folder instead of auto.");
        }

        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"There is no folder '{path}': give that of an installed PyTorch, "
                + "as python3 -c \"import torch; print(torch.__path__[0])\" prints it.");
        }

        return TryOpen(Path.GetFullPath(path)) ?? throw new DirectoryNotFoundException(
            $"'{path}' has no PyTorch in it, as libtorch_cpu.so is not there: give the folder that python3 -c \"import torch; "
            + "print(torch.__path__[0])\" prints.");
    }

    /// <summary>
    /// Looks for PyTorch in the active virtual environment or conda environment,
    /// in the installation whose <c>python3</c> comes first on the PATH, in the user's own packages and in the system's. Nothing is run.
    /// </summary>
    /// <returns>The first that there is, whether it can be used or not; null where there is none.</returns>
    /// <exception cref="InvalidDataException">A library in it is cut short.</exception>
    public static TorchInstallation? Find() =>
        PythonFolders().Where(Directory.Exists).Select(TryOpen).FirstOrDefault(found => found is not null);

    /// <summary>Throws where it cannot be used.</summary>
    /// <param name="anyVersion">Whether a version outside <see cref="TriedVersions"/> will do.</param>
    /// <exception cref="NotSupportedException">It lacks symbols, or its version was not tried.</exception>
    public void ThrowIfNotUsable(bool anyVersion = false)
    {
        var name = $"PyTorch {Version ?? "of unknown version"} in '{Folder}'";
        if (MissingSymbols is [var first, ..])
        {
            throw new PlatformNotSupportedException(
                $"{name} lacks {MissingSymbols.Length} of the {NeededSymbols.Length} symbols that TorchSharp needs, such as {first}: "
                + $"install PyTorch {TriedVersions[^1]}.");
        }

        if (!anyVersion && !TriedVersions.Any(tried => Version is not null && Version.StartsWith($"{tried}.", StringComparison.Ordinal)))
        {
            throw new PlatformNotSupportedException(
                $"{name} has all symbols that TorchSharp needs, but MarginNet was tried with {string.Join(", ", TriedVersions)} only: "
                + $"install one of these, or try this by --torch-any-version or {AnyVersionVariable}=1.");
        }
    }

    private static TorchInstallation? TryOpen(string path)
    {
        foreach (var place in Places(path))
        {
            if (LibrariesOf(place) is { } folder)
            {
                var needed = ElfSymbols.Read(TorchSharpLibrary.File).Needed;
                var missing = needed.ToHashSet(StringComparer.Ordinal);
                foreach (var file in Required.Select(file => Path.Combine(folder, file)).Where(File.Exists))
                {
                    missing.ExceptWith(ElfSymbols.Read(file).Defined);
                }

                return new(folder, VersionBeside(place))
                {
                    NeededSymbols = [.. needed],
                    MissingSymbols = [.. needed.Where(missing.Contains)],
                };
            }
        }

        return null;
    }

    /// <summary>Where the libraries may be, by what a folder is: theirs, LibTorch's or the package's, the packages',
    /// a Python installation.</summary>
    private static IEnumerable<string> Places(string path)
    {
        string[] places = [path, Path.Combine(path, "lib"), Path.Combine(path, "torch", "lib")];
        var python = Path.Combine(path, "lib");
        return !Directory.Exists(python)
            ? places
            : places.Concat(Directory.EnumerateDirectories(python, "python3*").Order(StringComparer.Ordinal)
                .SelectMany(version => new[]
                {
                    Path.Combine(version, "site-packages", "torch", "lib"),
                    Path.Combine(version, "dist-packages", "torch", "lib"),
                }));
    }

    /// <summary>The folder itself, or that to which its first library is a link, as distributions lay it out.</summary>
    private static string? LibrariesOf(string folder)
    {
        var linked = File.Exists(
            Path.Combine(folder, Required[0])) ? File.ResolveLinkTarget(Path.Combine(folder, Required[0]), returnFinalTarget: true) : null;
        return new[] { folder, Path.GetDirectoryName(linked?.FullName) }.FirstOrDefault(
            place => File.Exists(Path.Combine(place ?? "", "libtorch_cpu.so")));
    }

    /// <summary>The version as the package's version.py or an unpacked LibTorch's build-version gives it.</summary>
    private static string? VersionBeside(string libraries)
    {
        var package = Path.GetDirectoryName(libraries)!;
        var (script, text) = (Path.Combine(package, "version.py"), Path.Combine(package, "build-version"));
        return File.Exists(script) && VersionLine().Match(File.ReadAllText(script)) is { Success: true } match ? match.Groups[1].Value
            : File.Exists(text) ? File.ReadLines(text).FirstOrDefault()?.Trim()
            : null;
    }

    private static IEnumerable<string> PythonFolders()
    {
        var prefixes = Environments.Select(Environment.GetEnvironmentVariable).OfType<string>();
        var first = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, "python3")).FirstOrDefault(File.Exists);
        if (first is not null)
        {
            var real = File.ResolveLinkTarget(first, returnFinalTarget: true)?.FullName ?? first;
            prefixes = prefixes.Concat(
                new[] { first, real }.Select(python => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(python)!, ".."))));
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return prefixes.Concat([Path.Combine(home, ".local"), "/usr/local", "/usr/lib/python3/dist-packages"]);
    }

    [GeneratedRegex("^__version__ *= *['\"]([^'\"]+)", RegexOptions.Multiline)]
    private static partial Regex VersionLine();
}

using System.Text;
using MarginNet.Native;

namespace MarginNet.Tests.Native;

public sealed class TorchInstallationTests : IDisposable
{
    private static readonly string Natives = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LinuxX64Fact]
    public void Symbols_are_those_that_the_library_takes_from_LibTorch()
    {
        var needed = ElfSymbols.Read(Path.Combine(Natives, "libLibTorchSharp.so")).Needed;
        Assert.Equal(1204, needed.Count); // As `nm -D --undefined-only` lists them, without those with a version and the weak ones.
        Assert.Contains("_ZN5torch4cuda12is_availableEv", needed);
        Assert.DoesNotContain("malloc", needed);
        Assert.Contains("_ZN5torch4cuda12is_availableEv", ElfSymbols.Read(Path.Combine(Natives, "libtorch_cpu.so")).Defined);
    }

    [LinuxX64Fact]
    public void The_packages_LibTorch_laid_out_as_a_Python_package_can_be_used_by_every_folder_that_leads_to_it()
    {
        var environment = Directory.CreateDirectory(_folder["venv"]).FullName;
        var package = LayOut(Path.Combine(environment, "lib", "python3.12", "site-packages", "torch"), "2.10.0+cpu");
        foreach (var path in new[] { environment, Path.GetDirectoryName(package)!, package, Path.Combine(package, "lib") })
        {
            var installation = TorchInstallation.Open(path);
            Assert.Equal(Path.Combine(package, "lib"), installation.Folder);
            Assert.Equal("2.10.0+cpu", installation.Version);
            Assert.Equal((1204, 0, false), (installation.NeededSymbols.Length, installation.MissingSymbols.Length, installation.HasCuda));
            installation.ThrowIfNotUsable();
        }
    }

    [LinuxX64Fact]
    public void An_unpacked_LibTorch_tells_its_version_otherwise()
    {
        var package = LayOut(_folder["libtorch"], version: null);
        Assert.Null(TorchInstallation.Open(package).Version);
        File.WriteAllText(Path.Combine(package, "build-version"), "2.10.0+cu128\n");
        Assert.Equal("2.10.0+cu128", TorchInstallation.Open(package).Version);
    }

    [LinuxX64Fact]
    public void A_library_without_a_symbol_is_refused_by_the_symbols_name()
    {
        var needed = ElfSymbols.Read(Path.Combine(Natives, "libLibTorchSharp.so")).Needed;
        var elsewhere = ElfSymbols.Read(Path.Combine(Natives, "libtorch_cpu.so")).Defined.ToHashSet();
        var taken = ElfSymbols.Read(Path.Combine(Natives, "libc10.so")).Defined
            .First(symbol => needed.Contains(symbol) && !elsewhere.Contains(symbol));
        var package = LayOut(_folder["torch"], "2.10.0");
        var library = Path.Combine(package, "lib", "libc10.so");
        var bytes = File.ReadAllBytes(library);
        for (int at; (at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(taken + '\0'))) >= 0;)
        {
            bytes[at] = (byte)'X'; // In the table of names, of which the file has an old copy, too.
        }

        File.Delete(library);
        File.WriteAllBytes(library, bytes);

        var installation = TorchInstallation.Open(package);
        Assert.Equal(taken, Assert.Single(installation.MissingSymbols));
        var e = Assert.ThrowsAny<NotSupportedException>(() => installation.ThrowIfNotUsable(anyVersion: true));
        Assert.Contains(
            $"PyTorch 2.10.0 in '{installation.Folder}' lacks 1 of the 1204 symbols that TorchSharp needs, such as {taken}",
            e.Message,
            StringComparison.Ordinal);
    }

    [LinuxX64Fact]
    public void A_version_that_was_not_tried_is_asked_for()
    {
        var installation = TorchInstallation.Open(LayOut(_folder["torch"], "2.100.0"));
        Assert.Contains(
            "--torch-any-version", Assert.ThrowsAny<NotSupportedException>(() => installation.ThrowIfNotUsable()).Message,
            StringComparison.Ordinal);
        installation.ThrowIfNotUsable(anyVersion: true);
    }

    [LinuxX64Fact]
    public void What_is_no_PyTorch_is_named()
    {
        Assert.Contains(
            $"no folder '{_folder["absent"]}'",
            Assert.Throws<DirectoryNotFoundException>(() => TorchInstallation.Open(_folder["absent"])).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "libtorch_cpu.so is not there",
            Assert.Throws<DirectoryNotFoundException>(() => TorchInstallation.Open(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [LinuxX64Fact]
    public void A_library_that_is_cut_short_is_named()
    {
        var library = Path.Combine(LayOut(_folder["torch"], "2.10.0"), "lib", "libc10.so");
        var bytes = File.ReadAllBytes(library);
        foreach (var length in new[] { 0, 30, 4096, bytes.Length / 2, bytes.Length - 1 })
        {
            File.Delete(library);
            File.WriteAllBytes(library, bytes[..length]);
            Assert.Contains(
                $"'{library}' is no whole library",
                Assert.Throws<InvalidDataException>(() => TorchInstallation.Open(_folder["torch"])).Message,
                StringComparison.Ordinal);
        }
    }

    [LinuxX64Fact]
    public void A_loaded_LibTorch_stays()
    {
        TorchLibrary.Require();
        var installation = TorchInstallation.Open(LayOut(_folder["torch"], "2.10.0"));
        Assert.Contains(
            "loaded already", Assert.Throws<InvalidOperationException>(() => TorchNative.Use(installation)).Message,
            StringComparison.Ordinal);
        Assert.Null(TorchNative.Installation);
    }

    [DebianTorchFact]
    public void Debians_PyTorch_is_refused_by_what_it_lacks()
    {
        var installation = TorchInstallation.Open(DebianTorchFactAttribute.Folder);
        Assert.StartsWith("1.13", installation.Version, StringComparison.Ordinal);
        Assert.NotEmpty(installation.MissingSymbols);
        Assert.Contains(
            "symbols that TorchSharp needs",
            Assert.ThrowsAny<NotSupportedException>(() => installation.ThrowIfNotUsable(anyVersion: true)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Lays out the packages' LibTorch as Python's package is, by links.</summary>
    private static string LayOut(string package, string? version)
    {
        var libraries = Directory.CreateDirectory(Path.Combine(package, "lib")).FullName;
        foreach (var file in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so", "libtorch_global_deps.so" })
        {
            File.CreateSymbolicLink(Path.Combine(libraries, file), Path.Combine(Natives, file));
        }

        if (version is not null)
        {
            File.WriteAllText(
                Path.Combine(package, "version.py"),
                $"from typing import Optional\n\n__version__ = '{version}'\ncuda: Optional[str] = None\n");
        }

        return package;
    }
}

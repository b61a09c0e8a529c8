using System.Text.Json;
using MarginNet.Tests.Native;

namespace MarginNet.Cli.Tests;

/// <summary>An installed PyTorch in place of the packages' LibTorch: here a copy of that, laid out as Python's package is.</summary>
public sealed class InstalledTorchTests : IDisposable
{
    private static readonly string Natives = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [LinuxX64Fact]
    public async Task It_is_loaded_from_its_folder_and_computes_the_same_bytes()
    {
        await _tool.WriteModelAsync("m.pt");
        Assert.Equal(
            0,
            (await Tool.RunAsync(
                "pvalue", "--model", _tool.File("m.pt"), "--limit-test", "50", "--output", _tool.File("expected.csv"))).ExitCode);

        var package = LayOut();
        using var scoring = ToolProcess.Start(
            "pvalue", "--torch", package, "--model", _tool.File("m.pt"), "--limit-test", "50", "--output", _tool.File("installed.csv"));
        await scoring.EndAsync();
        Assert.Equal(0, scoring.ExitCode);
        Assert.Equal(await File.ReadAllTextAsync(_tool.File("expected.csv")), await File.ReadAllTextAsync(_tool.File("installed.csv")));

        foreach (var (variable, option) in new[]
        {
            ($"MARGINNET_TORCH={package}", (string[])[]),
            ("VIRTUAL_ENV=/nowhere", ["--torch", Path.Combine(package, "lib")]),
            ($"VIRTUAL_ENV={_tool.File("venv")}", ["--torch", "auto"]),
        })
        {
            using var doctor = ToolProcess.StartWith([variable], ["doctor", "--json", "-", .. option]);
            var output = doctor.StandardOutput.ReadToEndAsync();
            await doctor.EndAsync();
            using var json = JsonDocument.Parse(await output);
            var torch = json.RootElement.GetProperty("libtorch");
            Assert.Equal(Path.Combine(package, "lib", "libtorch_cpu.so"), torch.GetProperty("file").GetString());
            Assert.Equal("2.10.0+copy", torch.GetProperty("version").GetString());
            Assert.True(torch.GetProperty("installed_pytorch").GetBoolean());
        }
    }

    [LinuxX64Fact]
    public async Task What_cannot_be_used_is_refused_in_one_line_that_names_where_it_comes_from()
    {
        var absent = _tool.File("absent");
        using var byOption = ToolProcess.Start("doctor", "--torch", absent);
        Assert.Matches($"^marginnet: There is no folder '{absent}': .*\n$", await byOption.EndAsync());
        Assert.Equal(2, byOption.ExitCode);

        using var byVariable = ToolProcess.StartWith([$"MARGINNET_TORCH={absent}"], "doctor");
        Assert.Matches($"^marginnet: MARGINNET_TORCH: There is no folder '{absent}': .*\n$", await byVariable.EndAsync());
        Assert.Equal(2, byVariable.ExitCode);
    }

    [LinuxX64Fact]
    public async Task A_library_that_its_libraries_need_and_that_is_missing_is_named()
    {
        var package = LayOut();
        File.Delete(Path.Combine(package, "lib", "libgomp-98b21ff3.so.1"));
        using var tool = ToolProcess.Start("doctor", "--torch", package);
        Assert.Matches(
            $"^marginnet: The PyTorch in '{Path.Combine(package, "lib")}' does not load: .*libgomp-98b21ff3.so.1.*\n$",
            await tool.EndAsync());
        Assert.Equal(2, tool.ExitCode);
    }

    [DebianTorchFact]
    public async Task Debians_is_too_old()
    {
        using var tool = ToolProcess.Start("doctor", "--torch", DebianTorchFactAttribute.Folder);
        Assert.Matches("^marginnet: PyTorch 1.13.* lacks [0-9]+ of the 1204 symbols .*\n$", await tool.EndAsync());
        Assert.Equal(2, tool.ExitCode);
    }

    [LinuxX64Fact]
    public async Task Without_any_LibTorch_the_package_to_add_is_named()
    {
        // Without the description of its dependencies, the program has no native libraries.
        var program = Directory.CreateDirectory(_tool.File("program")).FullName;
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory)
            .Where(file => Path.GetExtension(file) is ".dll" or ".json" && !file.EndsWith(".deps.json", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)));
        }

        var start = new System.Diagnostics.ProcessStartInfo(
            "dotnet", [Path.Combine(program, "MarginNet.Cli.dll"), "train", "--data", "synthetic", "--out", _tool.File("m.pt")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["NUGET_PACKAGES"] = program }, // Where TorchSharp looks, too.
        };
        using var tool = System.Diagnostics.Process.Start(start)!;
        var output = tool.StandardOutput.ReadToEndAsync();
        Assert.Matches("^marginnet: LibTorch cannot be loaded: .* Add the package libtorch-cpu-linux-x64 .*\n$", await tool.EndAsync());
        Assert.Equal("", await output);
        Assert.Equal(2, tool.ExitCode);
    }

    private string LayOut()
    {
        var package = _tool.File("venv/lib/python3.12/site-packages/torch");
        Directory.CreateDirectory(Path.Combine(package, "lib"));
        foreach (var file in new[] { "libc10.so", "libtorch_cpu.so", "libtorch.so", "libtorch_global_deps.so", "libgomp-98b21ff3.so.1" })
        {
            File.Copy(Path.Combine(Natives, file), Path.Combine(package, "lib", file));
        }

        File.WriteAllText(Path.Combine(package, "version.py"), "__version__ = '2.10.0+copy'\n");
        return package;
    }
}

using System.Diagnostics;
using System.Text.Json;
using MarginNet.Tests;

namespace MarginNet.Cli.Tests.Packaging;

/// <summary>What <c>-p:TorchBackend=…</c> changes, by evaluating the projects; the packages of CUDA are not restored.</summary>
public sealed class TorchBackendTests
{
    private const string OnnxRuntime = "Microsoft.ML.OnnxRuntime";

    [Fact]
    public void The_backend_changes_the_native_packages_and_nothing_else()
    {
        var without = Packages("src/MarginNet.Cli", "none");
        Assert.Equal([.. without, NativeCpu], Packages("src/MarginNet.Cli", "cpu"));
        string[] onGpu = [.. without.Select(name => name == OnnxRuntime ? $"{OnnxRuntime}.Gpu" : name), .. NativeCuda];
        Assert.Contains($"{OnnxRuntime}.Gpu", onGpu);
        Assert.Equal(onGpu, Packages("src/MarginNet.Cli", "cuda"));
    }

    [Fact]
    public void ONNX_Runtime_for_CUDA_goes_with_an_installed_PyTorch() => Assert.Equal(
        Packages("src/MarginNet.Cli", "cpu").Select(name => name == OnnxRuntime ? $"{OnnxRuntime}.Gpu" : name),
        Packages("src/MarginNet.Cli", "cpu", $"-p:OnnxRuntimePackage={OnnxRuntime}.Gpu"));

    [Fact]
    public void The_default_is_the_CPU() => Assert.Contains(NativeCpu, Packages("src/MarginNet.Cli", backend: null));

    [Fact]
    public void The_library_chooses_no_backend() =>
        Assert.DoesNotContain(
            Packages("src/MarginNet", "cuda"),
            name => name.Contains("cuda", StringComparison.Ordinal) || name.StartsWith("libtorch", StringComparison.Ordinal));

    [Fact]
    public void Another_backend_is_an_error_that_names_the_three()
    {
        var (exitCode, output) = Build("src/MarginNet.Cli", "-t:CheckTorchBackend", "-p:TorchBackend=foo");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("TorchBackend is 'foo': it must be cpu, cuda or none.", output, StringComparison.Ordinal);
    }

    private static string NativeCpu =>
        OperatingSystem.IsWindows()
            ? "libtorch-cpu-win-x64"
            : OperatingSystem.IsMacOS() ? "libtorch-cpu-osx-arm64" : "libtorch-cpu-linux-x64";

    private static string[] NativeCuda =>
        OperatingSystem.IsMacOS() ? [] : OperatingSystem.IsWindows() ? ["TorchSharp-cuda-windows"] : ["TorchSharp-cuda-linux"];

    private static string[] Packages(string project, string? backend, params string[] more)
    {
        var (exitCode, output) = Build(
            project, ["-getItem:PackageReference", backend is null ? "-p:X=" : $"-p:TorchBackend={backend}", .. more]);
        Assert.True(exitCode == 0, output);
        using var json = JsonDocument.Parse(output);
        return [.. json.RootElement.GetProperty("Items")
            .GetProperty("PackageReference")
            .EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)];
    }

    private static (int ExitCode, string Output) Build(string project, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["msbuild", Repository.File(project), "-nologo", .. arguments])
        {
            RedirectStandardOutput = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name); // Those of the build that runs this test.
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}

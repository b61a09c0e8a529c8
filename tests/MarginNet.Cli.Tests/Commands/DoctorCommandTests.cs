using System.Diagnostics;
using System.Text.Json;

namespace MarginNet.Cli.Tests.Commands;

public sealed class DoctorCommandTests : IDisposable
{
    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task The_text_has_the_facts_and_the_exit_code_says_whether_something_is_wrong()
    {
        var run = await Tool.RunAsync("doctor");
        string[] facts =
        [
            "MarginNet", "runtime", "system", "TorchSharp", "LibTorch", "oneDNN", "ONNX Runtime", "processor", "first data cache",
            "threads", "memory", "GPU", "cache folder", "kernels", "convolution", "Errors",
        ];
        Assert.Equal("", run.Error);
        Assert.All(facts, fact => Assert.Contains(run.OutputLines, line => line.StartsWith(fact, StringComparison.Ordinal)));
        Assert.Equal(run.ExitCode == 0, run.OutputLines[^1] == "Nothing is wrong.");
        Assert.Equal(run.ExitCode == 2, run.OutputLines[^1].StartsWith("problem: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Json_has_the_same_for_programs()
    {
        var run = await Tool.RunAsync("doctor", "--json", "-");
        using var json = JsonDocument.Parse(run.Output);
        var (root, torch) = (json.RootElement, json.RootElement.GetProperty("libtorch"));
        Assert.Equal(run.ExitCode, root.GetProperty("problems").GetArrayLength() == 0 ? 0 : 2);
        Assert.StartsWith("0.1.0", root.GetProperty("marginnet").GetString(), StringComparison.Ordinal);
        Assert.True(root.GetProperty("memory_bytes").GetInt64() >= root.GetProperty("available_memory_bytes").GetInt64());
        Assert.True(torch.GetProperty("threads").GetInt32() > 0);
        Assert.All(
            torch.GetProperty("kernels").EnumerateArray(),
            kernel => Assert.True(kernel.GetProperty("error_without_onednn").GetDouble() <= KernelFinding.Tolerance));
    }

    [Fact]
    public async Task A_json_file_stands_beside_the_text()
    {
        var run = await Tool.RunAsync("doctor", "--json", _tool.File("d.json"));
        using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(_tool.File("d.json")));
        Assert.Contains($"MarginNet         {json.RootElement.GetProperty("marginnet").GetString()}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_folder_that_cannot_be_written_is_a_problem_with_a_cure()
    {
        await File.WriteAllTextAsync(_tool.File("cache"), "a file where the folder should be");
        var run = await RunAsync(new() { ["XDG_CACHE_HOME"] = _tool.File("cache") });
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{Path.Combine(_tool.File("cache"), "marginnet")}, cannot be written", run.Output, StringComparison.Ordinal);
        Assert.Contains(run.OutputLines, line => line.StartsWith("problem: The cache folder", StringComparison.Ordinal)
            && line.Contains("set XDG_CACHE_HOME", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Problems_are_on_standard_error_where_standard_output_is_json()
    {
        await File.WriteAllTextAsync(_tool.File("cache"), "");
        var run = await RunAsync(new() { ["XDG_CACHE_HOME"] = _tool.File("cache") }, "--json", "-");
        using var json = JsonDocument.Parse(run.Output);
        Assert.False(json.RootElement.GetProperty("cache_writable").GetBoolean());
        Assert.Contains($"problem: {json.RootElement.GetProperty("problems")[0].GetString()}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_without_LibTorch_says_so_and_all_the_rest()
    {
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.*")
            .Where(file => Path.GetExtension(file) is ".dll" or ".json"))
        {
            File.Copy(file, _tool.File(Path.GetFileName(file)));
        }

        var run = await RunAsync(_tool.File("MarginNet.Cli.dll"), []);
        Assert.Equal("", run.Error);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("\nLibTorch          cannot be loaded\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("\ncache folder ", run.Output, StringComparison.Ordinal);
        Assert.Contains("problem: LibTorch cannot be loaded: ", run.Output, StringComparison.Ordinal);
    }

    [HiddenCachesFact]
    public void Kernels_that_are_wrong_with_oneDNN_are_named()
    {
        var run = HiddenCachesFactAttribute.Doctor;
        Assert.Equal(2, run.ExitCode);
        Assert.Matches("\nconvolution .* WRONG, right without oneDNN", run.Output);
        Assert.Contains("problem: oneDNN computes 'convolution', 'transposed convolution'", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_has_an_example() =>
        Assert.Contains("marginnet doctor --json -", (await Tool.RunAsync("doctor", "--help")).Output, StringComparison.Ordinal);

    /// <summary>Runs <c>marginnet doctor</c> in a process of its own, which has these variables too.</summary>
    internal static Task<ToolRun> RunAsync(Dictionary<string, string> environment, params string[] args) =>
        RunAsync(Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll"), environment, args);

    private static async Task<ToolRun> RunAsync(string assembly, Dictionary<string, string> environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [assembly, "doctor", .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.EndAsync();
        return new(process.ExitCode, (await output).ReplaceLineEndings("\n"), error);
    }
}

namespace MarginNet.Cli.Tests.Commands;

/// <summary>TorchScript and ONNX on the command line, with files that PyTorch wrote.</summary>
public sealed class ForeignProgramTests : IDisposable
{
    private static readonly string[] Data = ["--data", "synthetic", "--limit-train", "200", "--limit-test", "40"];

    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task TorchScript_is_imported_and_then_calibrated_scored_and_attacked_where_it_is_trusted()
    {
        var model = _tool.File("t.pt");
        await SucceedsAsync("import", Fixture("scripted.pt"), "--out", model, "--input-size", "32", "--trust-torchscript");
        await SucceedsAsync(["calibrate", "--model", model, "--trust-torchscript", .. Data]);
        await SucceedsAsync(["pvalue", "--model", model, "--trust-torchscript", "--data", "synthetic", "--limit-test", "40"]);
        await SucceedsAsync(["attack", "--surrogate", model, "--trust-torchscript", "--epsilon", "1/255", .. Data]);
        await FailsAsync("--trust-torchscript", "evaluate", "--model", model, "--data", "synthetic");
        await FailsAsync("no proven Lipschitz constant", "lipschitz", "--model", model, "--trust-torchscript");
        var clever = await Tool.RunAsync(["lipschitz", "--model", model, "--trust-torchscript", "--samples", "2", "--clever", "--clever-draws", "4", "--clever-batches", "3", .. Data]);
        Assert.Equal(0, clever.ExitCode);
        Assert.Contains("no proven Lipschitz constant", clever.Output, StringComparison.Ordinal);
        Assert.Contains("CLEVER estimates, which certify nothing: 3 batches of 4 points", clever.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ONNX_is_evaluated_and_calibrated_directly_and_what_needs_gradients_says_so()
    {
        File.Copy(Fixture("dynamic.onnx"), _tool.File("d.onnx"));
        string[] model = ["--model", _tool.File("d.onnx"), "--input-size", "32", .. Data];
        await SucceedsAsync(["evaluate", .. model]);
        await SucceedsAsync(["calibrate", .. model]);
        await SucceedsAsync(["pvalue", .. model]);
        Assert.Equal(["d.onnx", "d.onnx.margins.json"], _tool.Files);
        await FailsAsync("gradients that marginnet attack needs", "attack", "--surrogate", _tool.File("d.onnx"), "--input-size", "32");
        await FailsAsync("gradients that --fgsm needs", ["detect", "--fgsm", "0.1", .. model]);
        await FailsAsync("no proven Lipschitz constant", ["certify", .. model]);
        await FailsAsync("gradients that --clever needs", ["lipschitz", "--samples", "1", "--clever", .. model]);
    }

    [LinuxTheory]
    [InlineData("dynamic.onnx")]
    public async Task ONNX_Runtime_keeps_no_telemetry(string fixture)
    {
        using var cache = new Tool();
        using var process = ToolProcess.StartWith([$"XDG_CACHE_HOME={cache.File("cache")}"], "import", Fixture(fixture), "--input-size", "32", "--out", _tool.File("d.pt"));
        Assert.Equal("", await process.EndAsync());
        Assert.Contains("d.pt", _tool.Files);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.GetDirectoryName(cache.File("cache"))!, "*", SearchOption.AllDirectories), file => file.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_program_that_ends_its_process_is_one_line_of_error()
    {
        var error = await FailsAsync("ends any process that loads it", "evaluate", "--model", Fixture("aborter.pt"), "--input-size", "32", "--trust-torchscript");
        Assert.Contains("Unknown builtin op: aten::rely", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_is_found_in_the_trial_and_told_once()
    {
        var error = await FailsAsync("fails on images 1x32x32", "import", Fixture("traced.pt"), "--out", _tool.File("t.pt"), "--input-size", "32", "--trust-torchscript", "--normalize", "0.5/0.5");
        Assert.StartsWith($"marginnet: '{Fixture("traced.pt")}' is not a model", error, StringComparison.Ordinal);
        Assert.Empty(_tool.Files);
    }

    [Theory]
    [InlineData("--normalize is '0.5': expected the means", "evaluate", "--model", "x.pt", "--normalize", "0.5")]
    [InlineData("--normalize is '0.5,0.5/1': expected", "evaluate", "--model", "x.pt", "--normalize", "0.5,0.5/1")]
    [InlineData("--normalize is '0.5/0': expected", "evaluate", "--model", "x.pt", "--normalize", "0.5/0")]
    [InlineData("--input-size is '32x32x3': expected", "import", "x.pt", "--out", "y.pt", "--input-size", "32x32x3")]
    [InlineData("--input-size is '0': expected", "import", "x.pt", "--out", "y.pt", "--input-size", "0")]
    [InlineData("--classes 'none.txt' does not exist", "import", "x.pt", "--out", "y.pt", "--classes", "none.txt")]
    [InlineData("'x.pt' does not exist", "import", "x.pt", "--out", "y.pt")]
    [InlineData("the file to import", "import", "x.pt", "--out", "./x.pt")]
    [InlineData("--normalize does not go with --logits", "pvalue", "--logits", "x.npy", "--calibration", "n.json", "--normalize", "0.5/0.5")]
    public async Task A_mistake_is_one_line(string message, params string[] args)
    {
        await FailsAsync(message, args);
        Assert.False(File.Exists("y.pt"));
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Foreign", name);

    private static async Task SucceedsAsync(params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private static async Task<string> FailsAsync(string message, params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        return run.Error;
    }
}

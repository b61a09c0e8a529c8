using MarginNet.Arrays;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>TorchScript and ONNX on the command line, with files that PyTorch wrote.</summary>
public sealed class ForeignProgramTests : IDisposable
{
    private static readonly string[] Data = ["--data", "synthetic", "--limit-train", "200", "--limit-test", "40"];

    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task TorchScript_is_imported_once_as_trusted_and_then_calibrated_scored_and_attacked()
    {
        var model = _tool.File("t.pt");
        await FailsAsync("--trust-torchscript", "import", Fixture("traced.pt"), "--out", model, "--input-size", "32");
        await SucceedsAsync("import", Fixture("traced.pt"), "--out", model, "--input-size", "32", "--trust-torchscript");
        await SucceedsAsync(["calibrate", "--model", model, .. Data]);
        await SucceedsAsync(["pvalue", "--model", model, "--data", "synthetic", "--limit-test", "40"]);
        await SucceedsAsync(["attack", "--surrogate", model, "--epsilon", "1/255", .. Data]);
        await SucceedsAsync(["evaluate", "--model", Fixture("traced.pt"), "--input-size", "32", .. Data]);
        await FailsAsync("no proven Lipschitz constant", "lipschitz", "--model", model);
        var clever = await Tool.RunAsync(
            ["lipschitz", "--model", model, "--samples", "2", "--clever", "--clever-draws", "4", "--clever-batches", "3", .. Data]);
        Assert.Equal(0, clever.ExitCode);
        Assert.Contains("no proven Lipschitz constant", clever.Output, StringComparison.Ordinal);
        Assert.Contains("CLEVER estimates, which certify nothing: 3 batches of 4 points", clever.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trust_is_of_one_program_and_one_user_and_not_in_the_model_file()
    {
        var (model, other) = (_tool.File("t.pt"), _tool.File("o.pt"));
        var note = await SucceedsAsync("import", Fixture("grey.pt"), "--out", model, "--input-size", "16", "--trust-torchscript");
        Assert.Contains("needs no --trust-torchscript from now on, for this user", note, StringComparison.Ordinal);
        await SucceedsAsync("export", model, "--to", "torchscript", "--out", other);
        Assert.Equal(File.ReadAllBytes(Fixture("grey.pt")), File.ReadAllBytes(other));
        await FailsAsync(
            "--trust-torchscript", "export", Fixture("pair.pt"), "--input-size", "16", "--model-output", "1", "--to", "torchscript",
            "--out", other);

        // Another user.
        var own = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME");
        try
        {
            Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", _tool.File("elsewhere"));
            if (OperatingSystem.IsLinux())
            {
                await FailsAsync("--trust-torchscript", "export", model, "--to", "torchscript", "--out", other);
            }

            await SucceedsAsync("export", model, "--to", "torchscript", "--out", other, "--trust-torchscript");
        }
        finally
        {
            Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", own);
        }
    }

    [Fact]
    public async Task Of_several_outputs_one_is_asked_for_and_remembered()
    {
        var model = _tool.File("t.pt");
        await FailsAsync("features [n, 6], logits [n, 5]: say which has the scores by --model-output NAME, at import also --output " +
            "NAME", "import", Fixture("pair.onnx"), "--out", model);
        await SucceedsAsync("import", Fixture("pair.onnx"), "--out", model, "--output", "logits");
        await SucceedsAsync("export", model, "--to", "onnx", "--out", _tool.File("again.onnx"));
        await SucceedsAsync("import", _tool.File("again.onnx"), "--out", _tool.File("again.pt"));
        await FailsAsync("no TorchScript program: export it as ONNX", "export", model, "--to", "torchscript");
        await FailsAsync("Only a ResNet-18 has the names of pytorch-cifar",
            "export", model, "--to", "state-dict", "--names", "pytorch-cifar");
        await FailsAsync("--output is 'x'", "pvalue", "--model", model, "--output", "x");
    }

    [Theory]
    [InlineData("dropout.onnx")]
    [InlineData("batchnorm.pt")]
    public async Task A_program_left_in_training_mode_is_refused_at_every_command(string file)
    {
        await FailsAsync(
            "Call model.eval()", "import", Fixture(file), "--input-size", "16", "--trust-torchscript", "--out", _tool.File("t.pt"));
        await FailsAsync(
            "Call model.eval()", "evaluate", "--model", Fixture(file), "--input-size", "16", "--trust-torchscript", "--images", "x.npy");
        Assert.Empty(_tool.Files);
    }

    [Fact]
    public async Task Classes_are_called_as_the_data_calls_them_and_our_own_export_names_them_itself()
    {
        var model = _tool.File("t.pt");
        await SucceedsAsync("import", Fixture("dynamic.onnx"), "--input-size", "32", "--out", model);
        await IsNamedAsync("evaluate", "--model", model, "--data", "synthetic", "--limit-test", "20");
        await IsNamedAsync("import", Fixture("dynamic.onnx"), "--input-size", "32", "--out", model, "--data", "synthetic");
        await IsNamedAsync("evaluate", "--model", model, "--limit-test", "20"); // Which data it is, is kept as well.
        await FailsAsync(
            "has 5 classes (0, 1, 2, ...), but the data has 10", "import", Fixture("grey.pt"), "--input-size", "16", "--trust-torchscript",
            "--out", _tool.File("c.pt"), "--data", "cifar10");

        await _tool.WriteModelAsync("m.pt");
        await SucceedsAsync("export", _tool.File("m.pt"), "--to", "onnx");
        await IsNamedAsync("import", _tool.File("m.onnx"), "--out", _tool.File("n.pt"));
        await FailsAsync("normalizes its images " +
            "itself", "import", _tool.File("m.onnx"), "--out", _tool.File("n.pt"), "--normalize", "0.5,0.5,0.5/1,1,1");

        static async Task IsNamedAsync(params string[] args)
        {
            var run = await Tool.RunAsync(args);
            Assert.True(run.ExitCode == 0, run.Error);
            Assert.Contains("arrow", run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Channels_are_the_models_and_others_are_one_line()
    {
        var (grey, colour) = (_tool.File("x1.npy"), _tool.File("x3.npy"));
        new ImageArray(new float[2 * 16 * 16], 1, 16, 16).Save(grey);
        new ImageArray(new float[2 * 3 * 16 * 16], 3, 16, 16).Save(colour);
        ArrayFile.WriteLabels(_tool.File("y.npy"), [0, 1]);
        string[] model = ["--model", Fixture("grey.pt"), "--input-size", "16", "--trust-torchscript", "--labels", _tool.File("y.npy")];
        await SucceedsAsync(["evaluate", .. model, "--images", grey]);
        await SucceedsAsync(["evaluate", .. model, "--images", grey, "--normalize", "0.5/0.25"]);
        await FailsAsync("but the model takes 1x16x16", ["evaluate", .. model, "--images", colour]);
    }

    [LinuxTheory]
    [InlineData("forever.pt")]
    public async Task A_program_that_runs_for_ever_is_given_up(string file)
    {
        using var process = ToolProcess.StartWith(
            [], "import", Fixture(file), "--input-size", "16", "--trust-torchscript", "--time-limit", "2", "--out", _tool.File("t.pt"));
        var error = await process.EndAsync();
        Assert.Equal(2, process.ExitCode);
        Assert.Equal($"marginnet: '{Fixture(file)}' is not a model this MarginNet can use. It ran for more than 2 s on 4 images and is " +
            $"given up: it may never end; a slow one needs more by --time-limit (LoadOptions.TimeLimit).\n", error);
        Assert.Empty(_tool.Files);
    }

    [Fact]
    public async Task ONNX_is_evaluated_calibrated_and_attacked_directly()
    {
        File.Copy(Fixture("dynamic.onnx"), _tool.File("d.onnx"));
        string[] model = ["--model", _tool.File("d.onnx"), "--input-size", "32", .. Data];
        var notes = await SucceedsAsync(["evaluate", .. model]);
        Assert.Contains("whose scores differ from ONNX Runtime's by at most", notes, StringComparison.Ordinal);
        await SucceedsAsync(["calibrate", .. model]);
        await SucceedsAsync(["pvalue", .. model]);
        Assert.Equal(["d.onnx", "d.onnx.margins.json"], _tool.Files);
        await SucceedsAsync(["attack", "--surrogate", _tool.File("d.onnx"), "--input-size", "32", "--epsilon", "1/255", .. Data]);
        await SucceedsAsync(["detect", "--fgsm", "0.1", .. model]);
        await SucceedsAsync(
            ["lipschitz", "--samples", "1", "--clever", "--clever-draws", "4", "--clever-batches", "3", .. model]);
    }

    [Fact]
    public async Task What_only_ONNX_Runtime_runs_is_scored_and_what_needs_gradients_says_so()
    {
        var path = _tool.File("u.onnx");
        var file = Onnx.ModelProto.Parser.ParseFrom(File.ReadAllBytes(Fixture("dynamic.onnx")));
        file.Graph.Node.Add(new Onnx.NodeProto
        {
            Name = "unknown",
            OpType = "Shrink",
            Input = { file.Graph.Output[0].Name },
            Output = { "shrunk" },
            Attribute = { new Onnx.AttributeProto { Name = "lambd", Type = Onnx.AttributeProto.Types.AttributeType.Float, F = 0 } },
        });
        file.Graph.Output[0].Name = "shrunk";
        File.WriteAllBytes(path, Google.Protobuf.MessageExtensions.ToByteArray(file));
        string[] model = ["--model", path, "--input-size", "32", .. Data];
        var notes = await SucceedsAsync(["evaluate", .. model]);
        Assert.Contains("Node 'unknown' (Shrink): Its operator is not known here.", notes, StringComparison.Ordinal);
        await SucceedsAsync("import", path, "--input-size", "32", "--out", _tool.File("u.pt"));
        await SucceedsAsync(["evaluate", "--model", _tool.File("u.pt"), .. Data]);
        await FailsAsync("gradients that marginnet attack needs", ["attack", "--surrogate", _tool.File("u.pt"), .. Data]);
        await SucceedsAsync(["calibrate", .. model]);
        await FailsAsync("gradients that marginnet backdoor needs", "backdoor", "--model", _tool.File("u.pt"));
        await FailsAsync("gradients that --fgsm needs", ["detect", "--fgsm", "0.1", .. model]);
        await FailsAsync("no proven Lipschitz constant", ["certify", .. model]);
        await FailsAsync("whose weights cannot be trained", ["train", "--init", _tool.File("u.pt"), "--out", _tool.File("m.pt"), .. Data]);
    }

    [LinuxTheory]
    [InlineData("dynamic.onnx")]
    public async Task ONNX_Runtime_keeps_no_telemetry(string fixture)
    {
        using var cache = new Tool();
        using var process = ToolProcess.StartWith(
            [$"XDG_CACHE_HOME={cache.File("cache")}"],
            "import", Fixture(fixture), "--quiet", "--input-size", "32", "--out", _tool.File("d.pt"));
        await process.EndAsync();
        Assert.Contains("d.pt", _tool.Files);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.GetDirectoryName(cache.File("cache"))!, "*", SearchOption.AllDirectories),
            file => file.Contains("onnxruntime", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_program_that_ends_its_process_is_one_line_of_error()
    {
        var error = await FailsAsync(
            "ends any process that loads it", "evaluate", "--model", Fixture("aborter.pt"), "--input-size", "32", "--trust-torchscript");
        Assert.Contains("Unknown builtin op: aten::rely", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_is_found_in_the_trial_and_told_once()
    {
        var error = await FailsAsync(
            "fails on images 1x32x32", "import", Fixture("traced.pt"), "--out", _tool.File("t.pt"), "--input-size", "32",
            "--trust-torchscript", "--normalize", "0.5/0.5");
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
    [InlineData(
        "--normalize does not go with --logits", "pvalue", "--logits", "x.npy", "--calibration", "n.json", "--normalize", "0.5/0.5")]
    public async Task A_mistake_is_one_line(string message, params string[] args)
    {
        await FailsAsync(message, args);
        Assert.False(File.Exists("y.pt"));
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Foreign", name);

    private static async Task<string> SucceedsAsync(params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
        return run.Error;
    }

    private static async Task<string> FailsAsync(string message, params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.Single(run.ErrorLines, line => !line.StartsWith("note: ", StringComparison.Ordinal));
        return run.Error;
    }
}

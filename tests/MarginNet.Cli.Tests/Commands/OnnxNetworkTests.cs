using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>A network that comes as an ONNX file, from import to margin training and back.</summary>
public sealed class OnnxNetworkTests : IDisposable
{
    private static readonly string[] Data = ["--data", "synthetic", "--limit-train", "200", "--limit-test", "40"];

    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task It_is_imported_trained_with_margins_evaluated_and_exported()
    {
        var (theirs, trained, exported) = (await TheirsAsync(), _tool.File("t.pt"), _tool.File("t.onnx"));
        var imported = await SucceedsAsync("import", theirs, "--out", _tool.File("i.pt"));
        Assert.Contains("differ from ONNX Runtime's by at most", imported.Error, StringComparison.Ordinal);
        Assert.Contains("ONNX, ", imported.Output, StringComparison.Ordinal);

        string[] train =
        [
            "train", "--init", theirs, "--out", trained, "--loss", "shifted-softmax", "--mu", "3", "--rounds", "2", "--epochs", "1",
            "--lr", "1e-3", "--batch-size", "50", .. Data,
        ];
        await SucceedsAsync(train);
        using (var model = MarginModel.Load(trained))
        {
            Assert.IsType<GraphNetwork>(model.Network);
            Assert.NotNull(model.NullModel);
        }

        await SucceedsAsync(["evaluate", "--model", trained, "--limit-test", "40"]);
        await SucceedsAsync(["attack", "--surrogate", trained, "--epsilon", "1/255", "--limit-test", "40"]);
        await SucceedsAsync("lipschitz", "--model", trained);
        await SucceedsAsync(["certify", "--model", theirs, .. Data]);
        await SucceedsAsync("export", trained, "--to", "onnx", "--out", exported);
        using var first = MarginModel.Load(trained);
        using var second = MarginModel.Load(exported);
        var pixels = new float[3 * 32 * 32];
        pixels.AsSpan().Fill(0.5f);
        var scores = first.Score(pixels);
        Assert.All(scores.Zip(second.Score(pixels)), pair => Assert.Equal(pair.First, pair.Second, 1e-4 * scores.Max(Math.Abs)));
    }

    [LinuxTheory]
    [InlineData("1")]
    [InlineData("0.05s")]
    public async Task Training_that_was_killed_and_resumed_ends_as_one_that_was_not(string every)
    {
        var theirs = await TheirsAsync();
        string[] train =
        [
            "train", "--init", theirs, "--loss", "shifted-softmax", "--mu", "3", "--rounds", "1", "--epochs", "4", "--lr", "1e-3",
            "--batch-size", "50", .. Data,
        ];
        await SucceedsAsync([.. train, "--out", _tool.File("whole.pt")]);
        string[] resumed = [.. train, "--out", _tool.File("resumed.pt"), "--checkpoint-every", every, "--resume"];
        using (var process = ToolProcess.Start(resumed))
        {
            for (var lines = 0; lines < 4; lines++)
            {
                await process.StandardError.ReadLineAsync();
            }

            await process.SignalAsync("KILL");
            await process.WaitForExitAsync();
        }

        await SucceedsAsync(resumed);
        using var whole = MarginModel.Load(_tool.File("whole.pt"));
        using var again = MarginModel.Load(_tool.File("resumed.pt"));
        Assert.Equal(Bytes(whole), Bytes(again));

        static IEnumerable<byte> Bytes(MarginModel model) => model.Network.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray());
    }

    [Theory]
    [InlineData("fixed.onnx", "takes images of 16x16, but these are 32x32: give images of its size.")]
    [InlineData("dynamic.onnx", "'marginnet import' it with --input-size, and give that file.")]
    public async Task What_cannot_be_trained_as_it_is_is_one_line(string file, string message)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Foreign", file);
        var run = await Tool.RunAsync(["train", "--init", path, "--quiet", "--out", _tool.File("u.pt"), .. Data]);
        Assert.Equal(2, run.ExitCode);
        Assert.EndsWith(message, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    private async Task<string> TheirsAsync()
    {
        await _tool.WriteModelAsync("m.pt");
        await SucceedsAsync("export", _tool.File("m.pt"), "--to", "onnx", "--out", _tool.File("theirs.onnx"));
        return _tool.File("theirs.onnx");
    }

    private static async Task<ToolRun> SucceedsAsync(params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }
}

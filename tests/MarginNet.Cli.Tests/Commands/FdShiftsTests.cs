using MarginNet.Arrays;

namespace MarginNet.Cli.Tests.Commands;

public sealed class FdShiftsTests
{
    [Fact]
    public async Task A_file_of_fd_shifts_calibrates_scores_compares_and_evaluates_as_its_parts_do()
    {
        using var tool = new Tool();
        var parts = new[] { Write(tool, "validation", 900, 1), Write(tool, "test", 300, 2), Write(tool, "foreign", 100, 3) };
        var raw = tool.File(FdShiftsFile.Name);
        FdShiftsFile.Write(raw, [.. parts.Select((part, i) => (part.Values, i == 2 ? [.. Enumerable.Repeat(77, part.Values.Rows)] : part.Classes))]);
        string[][] own =
        [
            ["--logits", parts[0].Logits, "--labels", parts[0].Labels],
            ["--logits", parts[1].Logits, "--labels", parts[1].Labels],
        ];
        string[] foreign = ["--ood-logits", parts[2].Logits];
        string[][] whole = [["--logits", raw], ["--logits", raw + "@1"]];

        Assert.Equal("", (await RunAsync(["calibrate", .. own[0], "--held-out", "--out", tool.File("a.json")])).Error);
        Assert.Equal("", (await RunAsync(["calibrate", .. whole[0], "--held-out", "--out", tool.File("b.json")])).Error);
        Assert.Equal(File.ReadAllText(tool.File("a.json")), File.ReadAllText(tool.File("b.json")));
        string[] calibration = ["--calibration", tool.File("a.json")];
        Assert.Equal(
            (await RunAsync(["pvalue", .. own[1], .. calibration])).Output, (await RunAsync(["pvalue", .. whole[1], .. calibration])).Output);
        string[] evaluate = ["evaluate", "--json", "-"];
        Assert.Equal(
            (await RunAsync([.. evaluate, .. own[1]])).Output.Replace(parts[1].Logits, raw + "@1", StringComparison.Ordinal),
            (await RunAsync([.. evaluate, .. whole[1]])).Output);
        string[] detect = ["detect", .. calibration, "--resamples", "20"];
        var compared = await RunAsync([.. detect, .. whole[1], "--ood-logits", raw + "@2"]);
        Assert.Equal((await RunAsync([.. detect, .. own[1], .. foreign])).Output, compared.Output);
        Assert.Contains("row 0 has 77), so its samples are taken to have none.", compared.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logits_are_written_with_labels_and_read_again()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        var (logits, labels, values, classes) = Write(tool, "test", 50, 2);
        var raw = tool.File(FdShiftsFile.Name);
        await RunAsync(["evaluate", "--logits", logits, "--labels", labels, "--logits-out", raw]);
        var (read, known) = FdShiftsFile.Read(raw);
        Assert.Equal(values.Values.ToArray(), read.Values.ToArray());
        Assert.Equal(classes, known);
        await RunAsync(["pvalue", "--logits", raw, "--calibration", calibration, "--logits-out", tool.File("again.npz")]);
        Assert.Equal(File.ReadAllBytes(raw), File.ReadAllBytes(tool.File("again.npz")));
        var (foreign, _, foreignValues, _) = Write(tool, "foreign", 20, 3);
        await RunAsync(
        [
            "detect", "--logits", raw, "--ood-logits", foreign, "--calibration", calibration, "--resamples", "20",
            "--logits-out", tool.File("both.npz"),
        ]);
        Assert.Equal(classes, FdShiftsFile.Read(tool.File("both.npz@0")).Labels);
        (read, known) = FdShiftsFile.Read(tool.File("both.npz@1"));
        Assert.Equal(foreignValues.Values.ToArray(), read.Values.ToArray());
        Assert.All(known, label => Assert.Equal(FdShiftsFile.Unknown, label));
    }

    [Theory]
    [InlineData("has no data set 5, only 0: choose one", "pvalue", "--logits", "raw_logits.npz@5", "--calibration", "null.json")]
    [InlineData("has no labels: give --labels", "evaluate", "--logits", "foreign.npz@0")]
    [InlineData("has no labels: give --labels", "calibrate", "--logits", "foreign.npz@0", "--out", "n.json")]
    [InlineData("--logits need --labels, --ood-logits or both", "detect", "--logits", "foreign.npz@0", "--calibration", "null.json")]
    [InlineData("expected a name that ends in .npz", "evaluate", "--logits", "raw_logits.npz", "--logits-out", "x.npy")]
    [InlineData("leave out --labels", "pvalue", "--logits", "-", "--calibration", "null.json", "--logits-out", "x.npz")]
    public async Task A_mistake_is_one_line_with_exit_code_2(string expected, string command, params string[] args)
    {
        using var tool = new Tool();
        await LogitFiles.CalibrateAsync(tool);
        var (_, _, values, classes) = Write(tool, "test", 20, 2);
        FdShiftsFile.Write(tool.File(FdShiftsFile.Name), (values, classes));
        FdShiftsFile.Write(tool.File("foreign.npz"), (values, [.. Enumerable.Repeat(-99, values.Rows)]));
        var run = await Tool.RunAsync([command, .. args.Select(arg => arg.Contains('.', StringComparison.Ordinal) ? tool.File(arg) : arg)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.ErrorLines[^1], StringComparison.Ordinal);
    }

    private static async Task<ToolRun> RunAsync(string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private static (string Logits, string Labels, NumericArray Values, int[] Classes) Write(Tool tool, string name, int count, int seed)
    {
        var (logits, labels) = LogitFiles.Write(tool, name, count, seed);
        return (logits, labels, ArrayFile.ReadLogits(logits), ArrayFile.ReadLabels(labels, LogitFiles.Classes));
    }
}

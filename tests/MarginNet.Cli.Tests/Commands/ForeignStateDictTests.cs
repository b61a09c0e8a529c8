using System.Globalization;
using MarginNet.Checkpoints;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>Our own network as PyTorch would have kept it: every command must find in it what it finds in our file.</summary>
public sealed class ForeignStateDictTests : IDisposable
{
    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_state_dict_is_evaluated_calibrated_attacked_and_imported_as_our_own_file_is()
    {
        var described = await TrainAsync();
        var (own, foreign, imported) = (_tool.File("m.pt"), _tool.File("k.pt"), _tool.File("i.pt"));
        var before = File.ReadAllBytes(foreign);

        await AssertSameAsync(
            ["evaluate", "--model", own, "--limit-test", "60", "--json", "o"],
            ["evaluate", "--model", foreign, "--limit-test", "60", "--json", "f", "--mu", "2", .. described, .. Synthetic]);
        await AssertSameAsync(
            ["attack", "--surrogate", own, "--limit-test", "40", "--out", "o.npy"],
            ["attack", "--surrogate", foreign, "--limit-test", "40", "--out", "f.npy", .. described, .. Synthetic],
            ["o.npy"],
            ["f.npy"]);

        await RunAsync("calibrate", "--model", own, "--limit-train", "300");
        var run = await RunAsync(["calibrate", "--model", foreign, "--limit-train", "300", .. described, .. Synthetic]);
        Assert.Contains($"written           {foreign}.margins.json", run.Output, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(foreign));
        await AssertSameAsync(
            ["pvalue", "--model", own, "--limit-test", "60", "--output", "o.csv"],
            ["pvalue", "--model", foreign, "--limit-test", "60", "--output", "f.csv", .. described, .. Synthetic],
            ["o.csv"],
            ["f.csv"]);

        // Imported, it needs no description any more, and brings its calibration.
        run = await RunAsync(["import", foreign, "--out", imported, .. described]);
        Assert.Contains("ResNet-18 of width 4, stem 3x3", run.Output, StringComparison.Ordinal);
        Assert.Contains("left out    epoch: no part of the network", run.Output, StringComparison.Ordinal);
        await AssertSameAsync(
            ["pvalue", "--model", own, "--limit-test", "60", "--output", "o.csv"],
            ["pvalue", "--model", imported, "--limit-test", "60", "--output", "i.csv", .. Synthetic], ["o.csv"], ["i.csv"]);
        Assert.Equal(0, (await Tool.RunAsync(["detect", "--model", imported, "--limit-test", "60", .. Synthetic])).ExitCode);
    }

    [Fact]
    public async Task Without_a_calibration_that_fits_pvalue_says_what_to_do()
    {
        var described = await TrainAsync();
        var foreign = _tool.File("k.pt");
        string[] pvalue = ["pvalue", "--model", foreign, "--limit-test", "20", .. Synthetic];
        var run = await Tool.RunAsync(pvalue);
        Assert.Equal(
            (2, $"marginnet: '{foreign}' has no null model yet: run 'marginnet calibrate --model {foreign}' first.\n"),
            (run.ExitCode, run.Error));
        await RunAsync(["calibrate", "--model", foreign, "--limit-train", "300", .. described, .. Synthetic]);
        run = await Tool.RunAsync(pvalue);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith($"marginnet: '{foreign}.margins.json' is the calibration of another '{foreign}', "
            + "or of images made by another --normalize or --input-size", run.Error, StringComparison.Ordinal);
    }

    private static readonly string[] Synthetic = ["--data", "synthetic"];

    /// <summary>Trains m.pt, and writes k.pt in kuangliu/pytorch-cifar's naming and wrapping;
    /// returns the options that describe it.</summary>
    private async Task<string[]> TrainAsync()
    {
        await _tool.WriteModelAsync("m.pt");
        using var model = MarginModel.Load(_tool.File("m.pt"));
        Assert.Equal(1, model.Network.Options.OutputScale);
        var state = (Dictionary<string, object?>)((Dictionary<string, object?>)PyTorchFile.Read(_tool.File("m.pt"))!)["state_dict"]!;
        string Rename(string name) => "module."
            + name.Replace("fc.", "linear.", StringComparison.Ordinal).Replace("downsample", "shortcut", StringComparison.Ordinal);
        PyTorchFile.Write(_tool.File("k.pt"), new Dictionary<string, object?>
        {
            ["net"] = state.ToDictionary(entry => Rename(entry.Key), entry => entry.Value),
            ["epoch"] = 1L,
        });
        File.WriteAllLines(_tool.File("names.txt"), model.ClassNames);
        var statistics = model.Network.Options.Normalization;
        string Join(IEnumerable<double> values) =>
            string.Join(',', values.Select(value => value.ToString("r", CultureInfo.InvariantCulture)));
        return ["--normalize", $"{Join(statistics.Mean)}/{Join(statistics.StandardDeviation)}", "--classes", _tool.File("names.txt")];
    }

    private async Task AssertSameAsync(string[] first, string[] second) =>
        await AssertSameAsync(first, second, ["o"], ["f"]);

    private async Task AssertSameAsync(string[] first, string[] second, string[] firstFiles, string[] secondFiles)
    {
        await RunAsync(first);
        await RunAsync(second);
        Assert.All(firstFiles.Zip(secondFiles), files => Assert.Equal(Content(files.First), Content(files.Second)));
    }

    private string Content(string name) =>
        File.ReadAllText(_tool.File(name)).Replace(_tool.File("k.pt"), _tool.File("m.pt"), StringComparison.Ordinal);

    private async Task<ToolRun> RunAsync(params string[] args)
    {
        string[] outputs = ["o", "f", "o.npy", "f.npy", "o.csv", "f.csv", "i.csv"];
        var run = await Tool.RunAsync([.. args.Select(arg => outputs.Contains(arg) ? _tool.File(arg) : arg)]);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }
}

using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Cli.Output;
using MarginNet.Cli.Reproduction;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Reproduction;

[Collection(nameof(SmokeRun))]
public sealed class ReproduceCommandTests(SmokeRun smoke)
{
    [Fact]
    public void Every_network_is_trained_scored_attacked_and_analysed()
    {
        Assert.Equal(0, smoke.Run.ExitCode);
        Assert.Equal(2 * SmokeRun.Networks, Count(smoke.Run, ": training ")); // At its start and at its end.
        Assert.DoesNotContain("kept", smoke.Run.Error, StringComparison.Ordinal);
        Assert.Contains($"written {smoke.File("report.html")}", smoke.Run.Output, StringComparison.Ordinal);
        foreach (var run in Presets.All.Single(preset => preset.Name == "smoke").Runs)
        {
            using var model = MarginModel.Load(smoke.File("seed-0", $"{run.Key}.pt"));
            Assert.Equal(10, model.NullModel!.Classes.Length);
            Assert.Equal(run.Options.Loss.Name, model.Training["loss"]);
            Assert.Equal(150, ArrayFile.ReadLogits(smoke.File("seed-0", $"{run.Key}.train.npy")).Rows);
            Assert.Equal(60, ArrayFile.ReadLogits(smoke.File("seed-0", $"{run.Key}.fgsm.npy")).Rows);
            Assert.True(File.Exists(smoke.File("figures", $"margins-{run.Key}.svg")));
            Assert.Contains($"| {run.Title} ", smoke.Run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_results_are_those_of_the_scores()
    {
        using var results = JsonDocument.Parse(File.ReadAllBytes(smoke.File("results.json")));
        var network = results.RootElement.GetProperty("networks")[1];
        var test = network.GetProperty("seeds")[0].GetProperty("result").GetProperty("test");
        var scores = ScoreFile.Read(smoke.File("seed-0", "mu50.test.npy"));
        int[] labels = [.. Enumerable.Range(0, 60).Select(i => i % 10)]; // As the shapes are drawn.
        Assert.Equal(60, test.GetProperty("total").GetInt32());
        Assert.Equal(scores.Accuracy(labels), test.GetProperty("count").GetInt32() / 60.0, 1e-12);
        Assert.Equal(scores.Accuracy(labels), network.GetProperty("clean").GetProperty("value").GetDouble(), 1e-12);
        Assert.Equal(0.8549, network.GetProperty("paper").GetProperty("clean").GetDouble());
    }

    [Fact]
    public async Task A_second_run_keeps_everything_and_says_the_same()
    {
        var before = File.GetLastWriteTimeUtc(smoke.File("seed-0", "ce.pt"));
        var again = await SmokeRun.Reproduce(smoke.Folder);
        Assert.Equal(4 * SmokeRun.Networks, Count(again, "kept from an earlier run"));
        Assert.Equal(4 * SmokeRun.Networks, again.Error.TrimEnd().Split('\n').Length);
        Assert.Equal(smoke.Run.Output, again.Output);
        Assert.Equal(before, File.GetLastWriteTimeUtc(smoke.File("seed-0", "ce.pt")));
    }

    [Fact]
    public async Task Two_runs_do_not_write_to_the_same_folder()
    {
        using (new OutputLock(smoke.Folder, smoke.File("reproduce.lock")))
        {
            var run = await SmokeRun.Reproduce(smoke.Folder);
            Assert.Equal(2, run.ExitCode);
            Assert.Equal($"marginnet: Another run is writing '{smoke.Folder}', since it holds '{smoke.File("reproduce.lock")}': "
                + "wait until it ends, or give another --out.\n", run.Error);
        }

        Assert.False(File.Exists(smoke.File("reproduce.lock")));
    }

    [Fact]
    public async Task The_results_can_be_printed_as_json()
    {
        var run = await SmokeRun.Reproduce(smoke.Folder, "--json", "-");
        using var printed = JsonDocument.Parse(run.Output);
        using var kept = JsonDocument.Parse(File.ReadAllBytes(smoke.File("results.json")));
        Assert.True(JsonElement.DeepEquals(kept.RootElement, printed.RootElement));
    }

    [Fact]
    public async Task Another_epsilon_attacks_again_and_keeps_the_networks()
    {
        using var tool = new Tool();
        Copy(smoke.Folder, tool.File("out"));
        var run = await SmokeRun.Reproduce(tool.File("out"), "--epsilon", "0.02");
        Assert.Equal(SmokeRun.Networks, run.Error.Split('\n').Count(line => line.Contains("training", StringComparison.Ordinal)
            && line.EndsWith("kept from an earlier run", StringComparison.Ordinal)));
        Assert.Equal(2 * SmokeRun.Networks, Count(run, "kept from an earlier run")); // Training and test scores.
        Assert.NotEqual(
            File.ReadAllBytes(smoke.File("seed-0", "ce.fgsm.npy")),
            File.ReadAllBytes(Path.Combine(tool.File("out"), "seed-0", "ce.fgsm.npy")));
    }

    [Fact]
    public async Task A_lost_model_is_trained_again_to_the_same_bytes_so_that_what_follows_is_kept()
    {
        using var tool = new Tool();
        Copy(smoke.Folder, tool.File("out"));
        var model = Path.Combine(tool.File("out"), "seed-0", "mu150.pt");
        File.Delete(model);
        var run = await SmokeRun.Reproduce(tool.File("out"));
        Assert.Equal((4 * SmokeRun.Networks) - 1, Count(run, "kept from an earlier run"));
        Assert.Equal(File.ReadAllBytes(smoke.File("seed-0", "mu150.pt")), File.ReadAllBytes(model));
    }

    [Fact]
    public async Task Help_names_the_command() =>
        Assert.Contains("\n  reproduce ", (await Tool.RunAsync("--help")).Output, StringComparison.Ordinal);

    [Theory]
    [InlineData("--seeds is '0': expected a whole number, at least 1.", "--seeds", "0")]
    [InlineData("--epsilon is '0': expected a number above 0.", "--epsilon", "0")]
    [InlineData("--preset is 'gpu': expected cpu, paper or smoke.", "--preset", "gpu")]
    public async Task A_mistake_is_answered_in_one_line(string expected, params string[] arguments)
    {
        var run = await Tool.RunAsync(["reproduce", .. arguments]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [LinuxTheory]
    [InlineData("INT", 130)]
    [InlineData("KILL", 137)]
    public async Task An_interrupted_run_goes_on_where_it_stopped(string signal, int exitCode)
    {
        using var tool = new Tool();
        using var process = ToolProcess.Start(
            "reproduce", "--preset", "smoke", "--out", tool.File("out"), "--epochs", "2000", "--limit-train", "150", "--limit-test", "60",
            "--resamples", "20");
        await process.ReadToAsync("epoch 2:");
        await process.SignalAsync(signal);
        var error = await process.EndAsync();
        Assert.Equal(exitCode, process.ExitCode);
        Assert.True(signal == "KILL" || error.Contains(
            $"What is finished stays in {tool.File("out")}: the same command goes on from there.", StringComparison.Ordinal));
        Assert.Contains(
            tool.Files, file => file.StartsWith("ce.", StringComparison.Ordinal) && file.Contains(".resume.", StringComparison.Ordinal));

        using var again = ToolProcess.Start(
            "reproduce", "--preset", "smoke", "--out", tool.File("out"), "--epochs", "2000", "--limit-train", "150", "--limit-test", "60",
            "--resamples", "20");
        await again.ReadToAsync("going on after step");
        await again.SignalAsync("KILL");
        await again.EndAsync();
    }

    [LinuxTheory]
    [InlineData("KILL")]
    public async Task A_training_that_was_killed_within_ends_with_the_bytes_of_one_that_was_not(string signal)
    {
        using var tool = new Tool();
        using var process = ToolProcess.Start(
            "reproduce", "--preset", "smoke", "--out", tool.File("out"), "--epochs", "1", "--limit-train", "150", "--limit-test", "60",
            "--resamples", "20");
        await process.ReadToAsync("epoch 1:");
        await process.SignalAsync(signal);
        await process.EndAsync();
        Assert.Equal(0, (await SmokeRun.Reproduce(tool.File("out"))).ExitCode);
        foreach (var file in Directory.EnumerateFiles(smoke.File("seed-0")).Select(Path.GetFileName))
        {
            Assert.Equal(
                File.ReadAllBytes(smoke.File("seed-0", file!)), File.ReadAllBytes(Path.Combine(tool.File("out"), "seed-0", file!)));
        }

        Assert.DoesNotContain(tool.Files, file => file.Contains(".resume.", StringComparison.Ordinal));
    }

    /// <summary>The number of stages told of with this text when they were done.</summary>
    private static int Count(ToolRun run, string text) =>
        run.Error.Split('\n').Count(line => line.StartsWith('[') && line.Contains(text, StringComparison.Ordinal));

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}

using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

/// <summary><c>mpirun marginnet train</c> under each MPI that this machine has.</summary>
public sealed class DistributedTrainTests
{
    private static readonly string[] Small =
    [
        "train", "--preset", "fast", "--data", "synthetic", "--limit-train", "60", "--limit-test", "20", "--width", "2",
        "--batch-size", "24", "--threads", "1", "--device", "cpu",
    ];

    public static TheoryData<string> Launchers => [.. MpiRun.Launchers];

    [MpiTheory]
    [MemberData(nameof(Launchers))]
    public async Task Ranks_train_one_model_of_the_same_bytes_whatever_their_number_and_rank_0_alone_speaks(string launcher)
    {
        using var tool = new Tool();
        byte[]? first = null;
        foreach (var ranks in new[] { 1, 2, 4 })
        {
            var run = await MpiRun.RunAsync(launcher, ranks, [.. Small, "--epochs", "1", "--deterministic", "--out", tool.File("m.pt")]);
            Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
            Assert.Single(run.OutputLines, line => line.StartsWith("training accuracy", StringComparison.Ordinal));
            Assert.Single(run.Error.Split('\n'), line => line.Contains("epoch 1: loss", StringComparison.Ordinal));
            Assert.Equal(first ??= Weights(tool.File("m.pt")), Weights(tool.File("m.pt")));
        }

        Assert.Equal("m.pt", Assert.Single(tool.Files, file => file.EndsWith(".pt", StringComparison.Ordinal)));
    }

    [MpiTheory]
    [MemberData(nameof(Launchers))]
    public async Task A_rank_of_other_options_or_data_is_refused_in_one_line(string launcher)
    {
        using var tool = new Tool();
        string[] args = [.. Small, "--epochs", "1", "--out", tool.File("m.pt")];
        var run = await MpiRun.EndAsync(MpiRun.Start(launcher, args, [.. args, "--seed", "3"]));
        Assert.NotEqual(0, run.ExitCode);
        var line = Assert.Single(run.Error.Split('\n'), line => line.StartsWith("marginnet: ", StringComparison.Ordinal));
        Assert.StartsWith("marginnet: Rank 1 of 2 was not started as rank 0: ", line, StringComparison.Ordinal);
        Assert.Contains("seed 3, and there seed 0", line, StringComparison.Ordinal);
        Assert.DoesNotContain(tool.Files, file => file == "m.pt");
    }

    [MpiTheory]
    [MemberData(nameof(Launchers))]
    public async Task Where_a_rank_is_killed_all_end_and_another_number_of_ranks_resumes_to_the_same_bytes(string launcher)
    {
        using var tool = new Tool();
        string[] args = [.. Small, "--epochs", "12", "--deterministic", "--checkpoint-every", "1", "--quiet", "--out", tool.File("m.pt")];
        var process = MpiRun.Start(launcher, args, args);
        while (!File.Exists(tool.File("m.resume.previous.pt")))
        {
            Assert.False(process.HasExited, "The ranks ended before a state was kept.");
            await Task.Delay(50);
        }

        using (var rank = System.Diagnostics.Process.GetProcessById(MpiRun.Ranks(process)[^1]))
        {
            rank.Kill();
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.NotEqual(0, (await MpiRun.EndAsync(process)).ExitCode);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 30);
        Assert.DoesNotContain(tool.Files, file => file == "m.pt");
        var resumed = await MpiRun.RunAsync(launcher, 1, [.. args, "--resume"]);
        Assert.Equal((0, ""), (resumed.ExitCode, resumed.ExitCode == 0 ? "" : resumed.Error));
        using var whole = ToolProcess.Start([.. args[..^1], tool.File("whole.pt")]);
        Assert.Equal("", await whole.EndAsync());
        Assert.Equal(Weights(tool.File("whole.pt")), Weights(tool.File("m.pt")));
    }

    private static byte[] Weights(string path)
    {
        using var model = MarginModel.Load(path);
        return [.. model.Network.state_dict().Values.SelectMany(tensor => tensor.bytes.ToArray())];
    }
}

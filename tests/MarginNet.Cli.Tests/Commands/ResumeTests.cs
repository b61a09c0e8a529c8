using System.Text.Json;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Tests.Commands;

public sealed class ResumeTests(WholeRun whole) : IClassFixture<WholeRun>
{

    [LinuxTheory]
    [InlineData("1", "KILL")]
    [InlineData("0.05s", "KILL")]
    [InlineData("2", "TERM")]
    public async Task A_run_ended_at_random_points_and_resumed_writes_the_files_of_one_that_was_not(string every, string signal)
    {
        using var tool = new Tool();
        string[] resume = [.. WholeRun.Arguments, "--out", tool.File("m.pt"), "--checkpoint-every", every, "--resume"];
        for (var i = 0; i < 3; i++)
        {
            using var process = ToolProcess.Start(resume);
            for (var lines = Random.Shared.Next(1, 5); lines > 0; lines--)
            {
                await process.StandardError.ReadLineAsync();
            }

            await Task.Delay(Random.Shared.Next(100));
            await process.SignalAsync(signal);
            await process.WaitForExitAsync();
        }

        var last = await Tool.RunAsync(resume);
        Assert.Equal(0, last.ExitCode);
        whole.AssertSameFiles(tool);

        var again = await Tool.RunAsync(resume);
        Assert.Equal((0, ""), (again.ExitCode, again.Output));
        Assert.Equal($"{tool.File("m.pt")} is the result of this command: nothing is left to resume.\n", again.Error);
    }

    [LinuxTheory]
    [InlineData("m.pt")]
    [InlineData("m.violations.csv")]
    public async Task A_disk_that_is_full_at_the_end_keeps_the_state(string full)
    {
        using var tool = new Tool();
        File.CreateSymbolicLink(tool.File(full), "/dev/full");
        string[] resume = [.. WholeRun.Arguments, "--out", tool.File("m.pt"), "--resume", "--quiet"];
        var run = await Tool.RunAsync(resume);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("No space left on device", run.Error, StringComparison.Ordinal);
        Assert.Contains($"The trained network is in {tool.File("m.resume.pt")}: see to the disk, then give the same command with --resume.", run.Error, StringComparison.Ordinal);
        Assert.Contains("m.resume.pt", tool.Files);
        File.Delete(tool.File(full));
        Assert.Equal(0, (await Tool.RunAsync(resume)).ExitCode);
        whole.AssertSameFiles(tool);
    }

    [Fact]
    public async Task Two_runs_do_not_write_to_the_same_output()
    {
        using var tool = new Tool();
        using (new OutputLock(tool.File("m.pt")))
        {
            var run = await tool.TrainAsync("m.pt");
            Assert.Equal(2, run.ExitCode);
            Assert.Equal($"marginnet: Another run is writing '{tool.File("m.pt")}', since it holds '{tool.File("m.pt")}.lock': wait until it ends, or give another --out.\n", run.Error);
            Assert.Equal(0, (await tool.TrainAsync("other.pt")).ExitCode);
        }

        Assert.Equal(0, (await tool.TrainAsync("m.pt")).ExitCode);
    }

    [Fact]
    public async Task A_diverging_run_rolls_back_a_few_times_and_keeps_its_state_when_it_stops()
    {
        using var tool = new Tool();
        string[] diverging = ["--optimizer", "sgd", "--lr", "1e30", "--on-divergence", "rollback", "--quiet"];
        var run = await tool.TrainAsync("m.pt", diverging);
        Assert.Equal(2, run.ExitCode);
        var lines = run.Error.TrimEnd().Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.All(lines[..5], line => Assert.Matches("Training diverged: .* step \\d+, learning rate .* Lower the learning rate, .* Rollback [1-5] of 5: ", line));
        Assert.StartsWith("marginnet: Training diverged: ", lines[5], StringComparison.Ordinal);
        Assert.Equal(["m.config.json", "m.history.jsonl", "m.resume.pt"], tool.Files);
        Assert.Equal("start", JsonDocument.Parse(Assert.Single(File.ReadAllLines(tool.File("m.history.jsonl")))).RootElement.GetProperty("event").GetString());

        var anew = await tool.TrainAsync("m.pt");
        Assert.Equal(2, anew.ExitCode);
        Assert.Contains($"'{tool.File("m.resume.pt")}' is the state of a run that was interrupted: add --resume to go on from it, or delete it to start anew.", anew.Error, StringComparison.Ordinal);

        var other = await tool.TrainAsync("m.pt", [.. diverging, "--resume", "--width", "8", "--mu", "3"]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("mu was 2 and is 3", other.Error, StringComparison.Ordinal);
        Assert.Contains("width was 4 and is 8", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("m")]
    [InlineData("0s")]
    [InlineData("1e300h")]
    [InlineData("NaNs")]
    [InlineData("1.5")]
    [InlineData("10 d")]
    public async Task An_interval_is_a_number_of_epochs_or_a_time(string every)
    {
        using var tool = new Tool();
        var run = await tool.TrainAsync("m.pt", "--checkpoint-every", every);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"--checkpoint-every is '{every}': expected a number of epochs, at least 1, or a time such as 30s, 10m or 2h.", run.Error, StringComparison.Ordinal);
        Assert.Empty(tool.Files);
    }
}

using System.Text.Json;
using MarginNet.Cli.Output;
using MarginNet.ModelFiles;

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
        var (exitCode, error) = await EndOnFullDiskAsync(tool, resume);
        Assert.Equal(2, exitCode);
        Assert.Contains("No space left on device", error, StringComparison.Ordinal);
        Assert.Contains(
            full == "m.pt"
                ? $"or see to the disk and give the same command with --resume, which goes on from {tool.File("m.resume.pt")}."
                : $"The trained network is in {tool.File("m.resume.pt")}: see to the disk, then give the same command with --resume.",
            error,
            StringComparison.Ordinal);
        Assert.Contains("m.resume.pt", tool.Files);
        File.Delete(tool.File(full));
        Directory.Delete(tool.File("shelter"), recursive: true);
        Assert.Equal(0, (await Tool.RunAsync(resume)).ExitCode);
        whole.AssertSameFiles(tool);
    }

    [LinuxTheory]
    [InlineData]
    [InlineData("--resume")]
    public async Task A_disk_that_is_full_at_the_end_loses_no_model_since_another_folder_has_room(params string[] more)
    {
        using var tool = new Tool();
        File.CreateSymbolicLink(tool.File("m.pt"), "/dev/full");
        var (exitCode, error) = await EndOnFullDiskAsync(tool, [.. WholeRun.Arguments, "--out", tool.File("m.pt"), "--quiet", .. more]);
        Assert.Equal(2, exitCode);
        var rescued = Assert.Single(Directory.GetFiles(tool.File("shelter"), "*", SearchOption.AllDirectories));
        Assert.Equal("m.pt", Path.GetFileName(rescued));
        Assert.Equal(File.ReadAllBytes(whole.Model), File.ReadAllBytes(rescued));
        var line = Assert.Single(error.TrimEnd().Split('\n'), line => line.StartsWith("marginnet: ", StringComparison.Ordinal));
        Assert.StartsWith($"marginnet: Cannot write '{tool.File("m.pt")}': No space left on device", line, StringComparison.Ordinal);
        Assert.Contains($"The trained model is whole in {rescued} instead: move it where there is room", line, StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("m.pt", "m.violations.csv")]
    [InlineData("m.violations.csv")]
    public async Task A_disk_without_room_for_anything_says_where_the_model_is(params string[] full)
    {
        using var tool = new Tool();
        Array.ForEach(full, name => File.CreateSymbolicLink(tool.File(name), "/dev/full"));
        var (exitCode, error) = await EndOnFullDiskAsync(tool, [.. WholeRun.Arguments, "--out", tool.File("m.pt"), "--quiet"]);
        Assert.Equal(2, exitCode);
        var model = full.Contains("m.pt")
            ? Assert.Single(Directory.GetFiles(tool.File("shelter"), "*", SearchOption.AllDirectories))
            : tool.File("m.pt");
        Assert.Contains($"The trained model is whole in {model}", error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(whole.Model), File.ReadAllBytes(model));
    }

    [LinuxTheory]
    [InlineData("INT")]
    public async Task A_disk_that_is_full_when_a_run_is_interrupted_loses_no_weights(string signal)
    {
        using var tool = new Tool();
        Directory.CreateDirectory(tool.File("shelter"));
        File.CreateSymbolicLink(tool.File("m.pt"), "/dev/full");
        using var process = ToolProcess.StartWith(
            [$"TMPDIR={tool.File("shelter")}"],
            [.. WholeRun.Arguments.Select(argument => argument == "3" ? "1000" : argument), "--out", tool.File("m.pt")]);
        await process.ReadToAsync("epoch 1: ");
        await process.SignalAsync(signal);
        var error = await process.EndAsync();
        Assert.Equal(130, process.ExitCode);
        var rescued = Assert.Single(Directory.GetFiles(tool.File("shelter"), "*", SearchOption.AllDirectories));
        Assert.Contains($"The weights so far are in {rescued}, without a null model.", error, StringComparison.Ordinal);
        MarginModel.Load(rescued).Dispose();
    }

    private static async Task<(int ExitCode, string Error)> EndOnFullDiskAsync(Tool tool, string[] arguments)
    {
        Directory.CreateDirectory(tool.File("shelter"));
        using var process = ToolProcess.StartWith([$"TMPDIR={tool.File("shelter")}"], arguments);
        var error = await process.EndAsync();
        return (process.ExitCode, error);
    }

    [Fact]
    public async Task Two_runs_do_not_write_to_the_same_output()
    {
        using var tool = new Tool();
        using (new OutputLock(tool.File("m.pt")))
        {
            var run = await tool.TrainAsync("m.pt");
            Assert.Equal(2, run.ExitCode);
            Assert.Equal($"marginnet: Another run is writing '{tool.File("m.pt")}', since it holds '{tool.File("m.pt")}.lock': "
                + "wait until it ends, or give another --out.\n", run.Error);
            Assert.Equal(0, (await tool.TrainAsync("other.pt")).ExitCode);
        }

        var after = await tool.TrainAsync("m.pt");
        Assert.Equal(0, after.ExitCode);
        Assert.DoesNotContain("lock", after.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lock_that_a_run_left_behind_is_told_and_passed()
    {
        using var tool = new Tool();
        await File.WriteAllTextAsync(tool.File("m.pt.lock"), "");
        var run = await tool.TrainAsync("m.pt");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith($"note: an earlier run that wrote '{tool.File("m.pt")}' was ended before it could clean up: "
            + $"its lock '{tool.File("m.pt")}.lock' holds no longer.\n", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("m.pt.lock", tool.Files);
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
        Assert.All(lines[..5], line => Assert.Matches(
            "Training diverged: .* step \\d+, learning rate .* Lower the learning rate, .* Rollback [1-5] of 5: ", line));
        Assert.StartsWith("marginnet: Training diverged: ", lines[5], StringComparison.Ordinal);
        Assert.Equal(["m.config.json", "m.history.jsonl", "m.resume.pt"], tool.Files);
        Assert.Equal("start", JsonDocument.Parse(Assert.Single(File.ReadAllLines(tool.File("m.history.jsonl")))).RootElement
            .GetProperty("event")
            .GetString());

        var anew = await tool.TrainAsync("m.pt");
        Assert.Equal(2, anew.ExitCode);
        Assert.Contains($"'{tool.File("m.resume.pt")}' is the state of a run that was interrupted: add --resume to go on from it, "
            + "or delete it to start anew.", anew.Error, StringComparison.Ordinal);

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
        Assert.Contains(
            $"--checkpoint-every is '{every}': expected a number of epochs, at least 1, or a time such as 30s, 10m or 2h.",
            run.Error,
            StringComparison.Ordinal);
        Assert.Empty(tool.Files);
    }
}

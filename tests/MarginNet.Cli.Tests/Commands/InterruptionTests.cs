using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

public sealed class InterruptionTests(WideModel wide) : IClassFixture<WideModel>
{
    [LinuxTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_training_cleanly_and_keeps_the_weights(string signal)
    {
        using var tool = new Tool();
        using var process = ToolProcess.Start(
            "train", "--data", "synthetic", "--limit-train", "300", "--limit-test", "50", "--width", "4", "--epochs", "100000", "--out",
            tool.File("m.pt"));
        await process.ReadToAsync("epoch 1: loss");
        await process.SignalAsync(signal);
        var error = await process.EndAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.Contains($"The weights so far are in {tool.File("m.pt")}, without a null model.", error, StringComparison.Ordinal);
        Assert.EndsWith("marginnet: interrupted.\n", error, StringComparison.Ordinal);
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            Assert.Null(model.NullModel);
        }

        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("has no null model", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Training steps of about a second, and how to run them.</summary>
    private static string[] LongSteps(Tool tool, int width = 16) =>
    [
        "train", "--data", "synthetic", "--limit-train", "400", "--batch-size", "400", "--limit-test", "10", "--width", $"{width}",
        "--epochs", "100", "--out", tool.File("m.pt"),
    ];

    [LinuxTheory]
    [InlineData("INT", "INT")]
    [InlineData("INT", "TERM")]
    [InlineData("TERM", "INT", "TERM")]
    public async Task Further_signals_within_a_long_step_wait_for_its_end_and_lose_nothing(params string[] signals)
    {
        using var tool = new Tool();
        using var process = ToolProcess.Start(LongSteps(tool));
        await process.ReadToAsync("epoch 1: ");
        foreach (var signal in signals)
        {
            await process.SignalAsync(signal);
            await Task.Delay(20);
        }

        var error = await process.EndAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith(
            $"The weights so far are in {tool.File("m.pt")}, without a null model.\nmarginnet: interrupted.\n",
            error,
            StringComparison.Ordinal);
        Assert.Equal(["m.config.json", "m.history.jsonl", "m.pt"], tool.Files);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Null(model.NullModel);
    }

    [LinuxTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Work_that_reaches_no_safe_point_in_time_is_ended_with_the_weights_kept_and_its_lock_holds_no_longer(string signal)
    {
        using var tool = new Tool();
        // Wide, so that the step does not end while the weights are written either.
        using (var process = ToolProcess.StartWith([$"{Interruption.Variable}=0.01"], LongSteps(tool, width: 32)))
        {
            await process.ReadToAsync("epoch 1: ");
            await process.SignalAsync(signal);
            var error = await process.EndAsync();
            Assert.Equal(130, process.ExitCode);
            Assert.EndsWith(
                "marginnet: interrupted, in the midst of a step that did not end within 0.01 s (MARGINNET_STOP_SECONDS). "
                + $"The weights so far are in {tool.File("m.pt")}, without a null model.\n",
                error,
                StringComparison.Ordinal);
        }

        Assert.Equal(["m.config.json", "m.history.jsonl", "m.pt", "m.pt.lock"], tool.Files);
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            Assert.Null(model.NullModel);
        }

        var again = await tool.TrainAsync("m.pt");
        Assert.Equal(0, again.ExitCode);
        Assert.StartsWith(
            $"note: an earlier run that wrote '{tool.File("m.pt")}' was ended before it could clean up",
            again.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain("m.pt.lock", tool.Files);
    }

    [LinuxTheory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_the_wait_for_rows_at_once(string signal)
    {
        using var tool = new Tool();
        using var process = ToolProcess.Start("pvalue", "--logits", "-", "--calibration", await LogitFiles.CalibrateAsync(tool));
        Assert.StartsWith("index,", await process.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        await process.SignalAsync(signal);
        var error = await process.EndAsync(); // Standard input is still open.
        Assert.Equal(130, process.ExitCode);
        Assert.Equal("marginnet: interrupted.\n", error);
    }

    [LinuxTheory]
    [InlineData("INT", "evaluate", "--model", "m.pt", "--json", "out.json")]
    [InlineData("TERM", "pvalue", "--model", "m.pt", "--output", "out.csv")]
    [InlineData("INT", "calibrate", "--model", "m.pt", "--out", "out.pt")]
    [InlineData("INT", "detect", "--model", "m.pt", "--limit-test", "50", "--resamples", "1000000", "--json", "out.json")]
    [InlineData("TERM", "attack", "--surrogate", "m.pt", "--method", "pgd", "--steps", "1000000", "--out", "out.npy", "--json", "out.json")]
    [InlineData("TERM", "lipschitz", "--model", "m.pt", "--json", "out.json")]
    [InlineData("INT", "certify", "--model", "m.pt", "--output", "out.csv", "--plot", "out.svg")]
    public async Task A_signal_ends_every_long_command_at_once_with_nothing_written(string signal, params string[] arguments)
    {
        using var tool = new Tool();
        wide.CopyTo(tool);
        var before = tool.Files;
        using var process = ToolProcess.Start(
            Array.ConvertAll(arguments, argument => argument.Contains('.', StringComparison.Ordinal) ? tool.File(argument) : argument));
        await process.WaitForTorchAsync();
        await process.SignalAsync(signal);
        var error = await process.EndAsync();
        Assert.Equal(130, process.ExitCode);
        Assert.EndsWith("marginnet: interrupted.\n", error, StringComparison.Ordinal);
        Assert.Equal(before, tool.Files);
    }

    [LinuxTheory]
    [InlineData("p.csv")]
    [InlineData("p.json")]
    public async Task A_full_disk_is_one_line_and_leaves_nothing_half_written(string name)
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        File.CreateSymbolicLink(tool.File(name), "/dev/full");
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "50", "--output", tool.File(name));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"Cannot write '{tool.File(name)}': No space left on device", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
        Assert.DoesNotContain(tool.Files, file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }
}

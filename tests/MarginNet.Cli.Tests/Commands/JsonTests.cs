using System.Text.Json;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>The result of every command for programs.</summary>
public sealed class JsonTests : IDisposable
{
    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_dash_prints_json_and_nothing_else()
    {
        using var trained = await PrintedAsync(
            "train", "--data", "synthetic", "--limit-train", "200", "--limit-test", "50", "--width", "4", "--epochs", "1", "--lr", "1e-2",
            "--out", _tool.File("m.pt"), "--json", "-");
        Assert.Equal(200, trained.RootElement.GetProperty("constraints").GetInt32());

        string[] model = ["--model", _tool.File("m.pt"), "--limit-train", "200", "--limit-test", "50", "--json", "-"];
        using var calibrated = await PrintedAsync(["calibrate", .. model]);
        Assert.Equal(10, calibrated.RootElement.GetProperty("classes").GetArrayLength());
        using var scored = await PrintedAsync(["pvalue", .. model]);
        Assert.Equal(50, scored.RootElement.GetProperty("samples").GetArrayLength());
        using var evaluated = await PrintedAsync(["evaluate", .. model]);
        Assert.Equal(50, evaluated.RootElement.GetProperty("count").GetInt32());
        using var detected = await PrintedAsync(["detect", .. model, "--resamples", "10"]);
        Assert.Equal(50, detected.RootElement.GetProperty("wrong_decisions").GetProperty("typical_count").GetInt32()
            + detected.RootElement.GetProperty("wrong_decisions").GetProperty("atypical_count").GetInt32());
        using var bounds = await PrintedAsync("lipschitz", "--model", _tool.File("m.pt"), "--json", "-");
        Assert.Equal(45, bounds.RootElement.GetProperty("pairs").GetArrayLength());
        using var certified = await PrintedAsync(["certify", .. model, "--epsilon", "0", "1"]);
        Assert.Equal(50, certified.RootElement.GetProperty("count").GetInt32());
        Assert.InRange(
            certified.RootElement.GetProperty("certified")[0].GetProperty("accuracy").GetDouble(), 0,
            certified.RootElement.GetProperty("clean_accuracy").GetDouble());
        Assert.InRange(certified.RootElement.GetProperty("rounding_cost").GetDouble(), 0, 1);
        using var attacked =
            await PrintedAsync("attack", "--surrogate", _tool.File("m.pt"), "--limit-test", "50", "--epsilon", "0", "--json", "-");
        Assert.Equal(
            attacked.RootElement.GetProperty("models")[0].GetProperty("clean_accuracy").GetDouble(),
            attacked.RootElement.GetProperty("models")[0].GetProperty("attacked_accuracy").GetDouble());
        using var tested = await PrintedAsync("backdoor", "--model", _tool.File("m.pt"), "--restarts", "2", "--steps", "5", "--json", "-");
        Assert.Equal(10, tested.RootElement.GetProperty("classes").GetArrayLength());
        using var exported =
            await PrintedAsync("export", _tool.File("m.pt"), "--to", "state-dict", "--out", _tool.File("weights.pt"), "--json", "-");
        Assert.Equal(new FileInfo(_tool.File("weights.pt")).Length, exported.RootElement.GetProperty("bytes").GetInt64());
        using var imported = await PrintedAsync("import", _tool.File("weights.pt"), "--out", _tool.File("again.pt"), "--json", "-");
        Assert.Equal("ResNet-18 of width 4, stem 3x3", imported.RootElement.GetProperty("network").GetString());
        Assert.Equal(10, imported.RootElement.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public async Task Quiet_runs_say_nothing_on_standard_error_where_nothing_is_wrong()
    {
        var (logits, _) = LogitFiles.Write(_tool, "test", 50, seed: 2);
        var nullModel = await LogitFiles.CalibrateAsync(_tool, "--held-out");
        string[] command = ["pvalue", "--logits", logits, "--calibration", nullModel];
        Assert.NotEqual("", (await Tool.RunAsync(command)).Error);
        Assert.Equal("", (await Tool.RunAsync([.. command, "--quiet"])).Error);
    }

    [Fact]
    public async Task Verbose_runs_tell_the_version_the_options_and_the_time()
    {
        var (logits, _) = LogitFiles.Write(_tool, "test", 50, seed: 2);
        var nullModel = await LogitFiles.CalibrateAsync(_tool, "--held-out");
        var run = await Tool.RunAsync("pvalue", "--logits", logits, "--calibration", nullModel, "--alpha", "0.1", "--verbose");
        Assert.Contains("marginnet 0.1.0", run.Error, StringComparison.Ordinal);
        Assert.Contains("pvalue, alpha 0.1, calibration", run.Error, StringComparison.Ordinal);
        Assert.Contains("took ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_has_its_trace_where_the_run_is_verbose()
    {
        var run = await Tool.RunAsync("pvalue", "--model", "nowhere.pt", "--verbose");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("   at MarginNet.", run.Error, StringComparison.Ordinal);
    }

    private static async Task<JsonDocument> PrintedAsync(params string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
        return JsonDocument.Parse(run.Output);
    }
}

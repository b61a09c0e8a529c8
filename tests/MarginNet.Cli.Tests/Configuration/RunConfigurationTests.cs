using System.Text.Json;

namespace MarginNet.Cli.Tests.Configuration;

public sealed class RunConfigurationTests : IDisposable
{
    private readonly Tool _tool = new();

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task Training_again_from_the_saved_configuration_alone_gives_byte_identical_weights()
    {
        Assert.Equal(
            0,
            (await _tool.TrainAsync("m.pt", "--augment", "--rounds", "2", "--loss", "dual-hinge", "--calibration-split", "0.2")).ExitCode);
        var (weights, configuration) = (File.ReadAllBytes(_tool.File("m.pt")), File.ReadAllBytes(_tool.File("m.config.json")));
        File.Delete(_tool.File("m.pt"));

        Assert.Equal(0, (await Tool.RunAsync("train", "--config", _tool.File("m.config.json"))).ExitCode);
        Assert.Equal(weights, File.ReadAllBytes(_tool.File("m.pt")));
        Assert.Equal(configuration, File.ReadAllBytes(_tool.File("m.config.json")));
    }

    [Fact]
    public async Task What_a_preset_decided_is_spelled_out()
    {
        Assert.Equal(0, (await _tool.TrainAsync("m.pt", "--preset", "fast")).ExitCode);
        using var saved = JsonDocument.Parse(File.ReadAllBytes(_tool.File("m.config.json")));
        Assert.Equal("train", saved.RootElement.GetProperty("command").GetString());
        Assert.Equal("sgd", saved.RootElement.GetProperty("optimizer").GetString());
        Assert.True(saved.RootElement.GetProperty("augment").GetBoolean());
        Assert.True(saved.RootElement.GetProperty("threads").GetInt32() > 0);
        Assert.Equal(Training.TrainingOptions.Fast.Temperature, saved.RootElement.GetProperty("temperature").GetDouble());
    }

    [Fact]
    public async Task The_command_line_goes_before_the_file()
    {
        var path = Write(
            """{ "data": "synthetic", "limit-train": 100, "limit-test": 20, "width": 4, "epochs": 3, "lr": 1e-2, "mu": 2, "loss": "shifted-softmax", }""");
        var run = await Tool.RunAsync("train", "--config", path, "--epochs", "1", "--mu", "3", "--out", _tool.File("m.pt"), "--quiet");
        Assert.Equal("", run.Error);
        Assert.Contains("mu = 3", run.Output, StringComparison.Ordinal);
        using var saved = JsonDocument.Parse(File.ReadAllBytes(_tool.File("m.config.json")));
        Assert.Equal(1, saved.RootElement.GetProperty("epochs").GetInt32());
        Assert.Equal(100, saved.RootElement.GetProperty("limit-train").GetInt32());
    }

    [Theory]
    [InlineData("""{ "epoch": 3 }""", "has 'epoch', which is no option of 'marginnet train'. Did you mean 'epochs'?")]
    [InlineData("""{ "command": "pvalue" }""", "is of 'marginnet pvalue', but the command is 'marginnet train'")]
    [InlineData("""{ "epochs": { "first": 3 } }""", "has a JSON Object for 'epochs'")]
    [InlineData("""{ "epochs": "three" }""", "--epochs is 'three': expected a whole number, at least 1.")]
    [InlineData("""{ "config": "other.json" }""", "has 'config', which is no option")]
    [InlineData("""{ "out": "m\u0000.pt" }""", "--out has a value that is empty or holds a null character")]
    [InlineData("""{ "out": "" }""", "Required argument missing for option: '--out'")]
    [InlineData("""{ "out": "\ud800" }""", "has a text that is not Unicode")]
    [InlineData("""[1]""", "is a JSON Array: expected an object of options")]
    [InlineData("""{ "epochs": 3""", "is not JSON (line 1")]
    public async Task A_configuration_that_makes_no_sense_is_refused_by_name(string text, string expected)
    {
        var run = await Tool.RunAsync("train", "--config", Write(text));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_configuration_that_does_not_exist_is_named()
    {
        var run = await Tool.RunAsync("train", "--config", "nowhere.json");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--config 'nowhere.json' does not exist", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_output_of_other_commands_has_its_configuration_beside_it_and_repeats_from_it()
    {
        var nullModel = await LogitFiles.CalibrateAsync(_tool, "--held-out");
        Assert.Contains("null.calibrate.config.json", _tool.Files);
        var (logits, labels) = LogitFiles.Write(_tool, "test", 50, seed: 2);
        var table = _tool.File("p.csv");
        Assert.Equal(
            0,
            (await Tool.RunAsync(
                "pvalue", "--logits", logits, "--labels", labels, "--calibration", nullModel, "--alpha", "0.1", "--output",
                table)).ExitCode);
        var first = await File.ReadAllTextAsync(table);
        File.Delete(table);

        Assert.Equal(0, (await Tool.RunAsync("pvalue", "--config", _tool.File("p.pvalue.config.json"))).ExitCode);
        Assert.Equal(first, await File.ReadAllTextAsync(table));
    }

    [Fact]
    public async Task A_mistake_leaves_no_configuration()
    {
        Assert.Equal(
            2, (await Tool.RunAsync("train", "--loss", "margin-ratio", "--data", "synthetic", "--out", _tool.File("m.pt"))).ExitCode);
        Assert.Empty(_tool.Files);
    }

    private string Write(string text)
    {
        var path = _tool.File("run.json");
        File.WriteAllText(path, text);
        return path;
    }
}

using System.Globalization;
using System.Text.Json;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Commands;

public sealed class ConfidenceTests
{
    [Theory]
    [InlineData("gen", ConfidenceScore.Gen, NullKind.Class)]
    [InlineData("max-softmax-t", ConfidenceScore.MaxSoftmaxT, NullKind.Pooled)]
    [InlineData("margin", ConfidenceScore.Margin, NullKind.Class)]
    public async Task A_p_value_counts_the_right_decisions_calibrated_on_at_or_below(string name, ConfidenceScore score, NullKind kind)
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool, "--held-out", "--confidence", "energy", name);
        var (logits, _) = LogitFiles.Write(tool, "test", 200, seed: 3);
        string[] command =
        [
            "pvalue", "--logits", logits, "--calibration", calibration, "--confidence", name, "--alpha", "0.1",
            "--null", kind == NullKind.Pooled ? "pooled" : "class",
        ];
        var run = await Tool.RunAsync([.. command, "--json", tool.File("p.json")]);
        Assert.Equal(0, run.ExitCode);
        var ((training, labels), (rows, _)) = (LogitFiles.Draw(900, seed: 1), LogitFiles.Draw(200, seed: 3));
        var fitted = MarginNullModel.Load(calibration).Scores!;
        var typical = training.Zip(labels).Where(sample => Decided(sample.First) == sample.Second)
            .Select(sample => (Class: sample.Second, Score: fitted.Compute(sample.First, score)))
            .ToArray();
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("p.json")));
        Assert.Equal(name, json.RootElement.GetProperty("confidence").GetString());
        var samples = json.RootElement.GetProperty("samples").EnumerateArray().ToArray();
        var column = name.Replace('-', '_');
        Assert.EndsWith($",p_lower,{column},p_{column},flagged", run.OutputLines[0], StringComparison.Ordinal);
        for (var i = 0; i < rows.Length; i++)
        {
            var value = fitted.Compute(rows[i], score);
            var peers = Array.FindAll(typical, own => kind == NullKind.Pooled || own.Class == Decided(rows[i]));
            var p = (1.0 + peers.Count(own => own.Score <= value)) / (peers.Length + 1);
            var fields = run.OutputLines[i + 1].Split(',');
            Assert.Equal(p, samples[i].GetProperty($"p_{column}").GetDouble());
            Assert.Equal(value, samples[i].GetProperty(column).GetDouble());
            Assert.Equal(p, double.Parse(fields[^2], CultureInfo.InvariantCulture), 1e-8);
            Assert.Equal(p <= 0.1 ? "true" : "false", fields[^1]);
        }

        Assert.Contains($" samples flagged: p ({name}{(kind == NullKind.Pooled ? ", pooled" : "")}) <= 0.1.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_score_flags_at_most_the_same_share_of_fresh_right_decisions_at_the_calibrated_threshold()
    {
        using var tool = new Tool();
        var names = Enum.GetNames<ConfidenceScore>().Select(JsonNamingPolicy.KebabCaseLower.ConvertName).ToArray();
        var calibration = await LogitFiles.CalibrateAsync(tool, ["--held-out", "--alpha", "0.1", "--null", "pooled", "--confidence", .. names]);
        Assert.Equal(names.Length, MarginNullModel.Load(calibration).Confidences.Count);
        var (logits, labels) = LogitFiles.Write(tool, "test", 3000, seed: 4);
        foreach (var name in names)
        {
            var run = await Tool.RunAsync("pvalue", "--logits", logits, "--labels", labels, "--calibration", calibration, "--confidence", name);
            Assert.Contains($"p ({name}, pooled) <= 0.1.", run.Error, StringComparison.Ordinal);
            var right = run.OutputLines.Skip(1).Select(line => line.Split(',')).Where(fields => fields[1] == fields[2]).ToArray();
            var rate = right.Count(fields => fields[^1] == "true") / (double)right.Length;
            // About 700 right decisions calibrated on and 2,400 fresh ones: five standard deviations.
            Assert.InRange(rate, 0.1 - 0.064, 0.1 + 0.064);
        }
    }

    [Fact]
    public async Task A_model_file_keeps_the_scores_that_were_asked_for_until_it_is_calibrated_anew()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        string[] pvalue = ["pvalue", "--model", tool.File("m.pt"), "--confidence", "entropy"];
        var refused = await Tool.RunAsync(pvalue);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains(
            $"'marginnet calibrate --model {tool.File("m.pt")} --confidence entropy'", refused.ErrorLines[^1], StringComparison.Ordinal);
        var calibrated = await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--confidence", "entropy", "gen");
        Assert.Contains("confidences       entropy, gen:", calibrated.Output, StringComparison.Ordinal);
        var run = await Tool.RunAsync(pvalue);
        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith(",entropy,p_entropy,flagged", run.OutputLines[0], StringComparison.Ordinal);
        await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"));
        Assert.Equal(2, (await Tool.RunAsync(pvalue)).ExitCode);
    }

    [Theory]
    [InlineData("--tail goes with p-values of margins", "--tail", "two-sided")]
    [InlineData("--extrapolate goes with p-values of margins", "--extrapolate")]
    [InlineData("--null error-weighted goes with p-values of margins", "--null", "error-weighted")]
    [InlineData("--randomize breaks ties of margins", "--randomize", "1")]
    public async Task What_margins_alone_have_is_refused(string expected, params string[] more)
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool, "--confidence", "gen");
        var (logits, _) = LogitFiles.Write(tool, "test", 10, seed: 3);
        var run = await Tool.RunAsync(["pvalue", "--logits", logits, "--calibration", calibration, "--confidence", "gen", .. more]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    private static int Decided(double[] row) => Array.IndexOf(row, row.Max());
}

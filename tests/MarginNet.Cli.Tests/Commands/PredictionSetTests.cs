using System.Globalization;
using System.Text.Json;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Commands;

public sealed class PredictionSetTests
{
    private const int Count = 400;

    [Theory]
    [InlineData("lac", NonconformityScore.Lac, false)]
    [InlineData("aps", NonconformityScore.Aps, false)]
    [InlineData("raps", NonconformityScore.Raps, true)]
    public async Task Sets_are_those_of_the_library_in_the_table_the_summary_and_JSON(
        string name, NonconformityScore score, bool isClassConditional)
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "test", Count, seed: 3);
        var nullModel = await LogitFiles.CalibrateAsync(tool, "--held-out", "--keep-sets");
        string[] more = isClassConditional ? ["--class-conditional"] : [];
        var run = await Tool.RunAsync(
        [
            "pvalue", "--logits", logits, "--labels", labels, "--calibration", nullModel, "--sets", name, "--alpha", "0.1",
            "--output", tool.File("p.csv"), "--json", tool.File("p.json"), .. more,
        ]);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        var ((rows, classes), (calibration, calibrationLabels)) = (LogitFiles.Draw(Count, seed: 3), LogitFiles.Draw(900, seed: 1));
        var temperature = MarginNullModel.Load(nullModel).Scores!.Temperature;
        rows = [.. rows.Select(row => row.Select(f => f / temperature).ToArray())];
        var sets = PredictionSets.Fit(
            new(calibration.SelectMany(row => row.Select(f => f / temperature)).ToArray(), 900, LogitFiles.Classes, IsVector: false),
            calibrationLabels,
            new() { Score = score, IsClassConditional = isClassConditional });
        string[] expected = [.. rows.Select(row => string.Join('|', sets.Predict(row, 0.9)))];
        string[] lines = await File.ReadAllLinesAsync(tool.File("p.csv"));
        Assert.EndsWith(",flagged,set", lines[0], StringComparison.Ordinal);
        Assert.Equal(expected, lines.Skip(1).Select(line => line.Split(',')[^1]));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("p.json")));
        Assert.Equal(name, json.RootElement.GetProperty("sets").GetString());
        Assert.Equal(0.9, json.RootElement.GetProperty("coverage").GetDouble());
        Assert.Equal(expected, json.RootElement.GetProperty("samples").EnumerateArray().Select(
            sample => string.Join('|', sample.GetProperty("set").EnumerateArray().Select(y => y.GetString()))));
        var found = rows.Zip(classes).Count(sample => sets.Predict(sample.First, 0.9).Contains(sample.Second));
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"{100.0 * found / Count:f1} % of the true classes are in them."),
            run.Output, StringComparison.Ordinal);
        // 900 calibration and 400 fresh samples: five standard deviations of the share found.
        var error = 5 * Math.Sqrt(0.09 * ((1.0 / Count) + (1.0 / 900)));
        Assert.True((double)found / Count >= 0.9 - error, $"{found} of {Count}");
    }

    [Fact]
    public async Task Without_what_they_need_one_line_says_what_to_run()
    {
        using var tool = new Tool();
        var (logits, _) = LogitFiles.Write(tool, "test", 20, seed: 3);
        string[] pvalue = ["pvalue", "--logits", logits, "--calibration", await LogitFiles.CalibrateAsync(tool)];
        var run = await Tool.RunAsync([.. pvalue, "--sets", "lac"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(
            "marginnet calibrate --logits FILE --labels FILE --held-out --out null.json --keep-sets", run.Error, StringComparison.Ordinal);
        var idle = await Tool.RunAsync([.. pvalue, "--class-conditional"]);
        Assert.Equal(2, idle.ExitCode);
        Assert.Contains("no effect without --sets", idle.Error, StringComparison.Ordinal);
        var (training, labels) = LogitFiles.Write(tool, "more", 200, seed: 4);
        var trained = await Tool.RunAsync(
            "calibrate", "--logits", training, "--labels", labels, "--keep-sets", "--out", tool.File("t.json"));
        Assert.Contains("less often than they say", trained.Error, StringComparison.Ordinal);
    }
}

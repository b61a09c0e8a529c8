using System.Globalization;
using System.Text.Json;
using MarginNet.Evaluation;
using MarginNet.Margins;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

public sealed class EvaluateCommandTests
{
    [Fact]
    public async Task The_figures_are_those_of_the_report_on_the_same_scores()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "test", 300, seed: 3);
        var run = await Tool.RunAsync(
            "evaluate", "--logits", logits, "--labels", labels, "--mu", "1.5", "--bins", "7", "--json", tool.File("e.json"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var (rows, classes) = LogitFiles.Draw(300, seed: 3);
        var scores = new ScoreMatrix([.. rows.SelectMany(row => row).Select(value => (float)value)], LogitFiles.Classes);
        var report = EvaluationReport.Compute(scores, classes, new() { TargetMargin = 1.5, CalibrationBins = 7 });
        var json = JsonDocument.Parse(File.ReadAllBytes(tool.File("e.json"))).RootElement;
        Assert.Equal(300, json.GetProperty("count").GetInt32());
        Assert.Equal(report.Accuracy.Rate, json.GetProperty("accuracy").GetDouble());
        Assert.Equal(report.Accuracy.ExactInterval().Low, json.GetProperty("accuracy_interval")[0].GetDouble());
        Assert.Equal(report.ConstraintsMet!.Value.Rate, json.GetProperty("constraints_met").GetDouble());
        Assert.Equal(report.NegativeLogLikelihood, json.GetProperty("negative_log_likelihood").GetDouble());
        Assert.Equal(report.ExpectedCalibrationError, json.GetProperty("expected_calibration_error").GetDouble());
        Assert.Equal(
            report.CalibrationBins.Select(bin => bin.Count),
            json.GetProperty("calibration_bins").EnumerateArray().Select(bin => bin.GetProperty("count").GetInt32()));
        Assert.Equal(
            report.LabelledMargins.Select(quantile => quantile.Margin),
            json.GetProperty("labelled_margin_quantiles").EnumerateArray().Select(quantile => quantile.GetProperty("margin").GetDouble()));
        Assert.Equal(
            report.DecisionMargins.Select(quantile => quantile.Level),
            json.GetProperty("decision_margin_quantiles").EnumerateArray().Select(quantile => quantile.GetProperty("level").GetDouble()));
        for (var c = 0; c < LogitFiles.Classes; c++)
        {
            var own = json.GetProperty("classes")[c];
            Assert.Equal(report.ClassAccuracies[c].Rate, own.GetProperty("accuracy").GetDouble());
            Assert.Equal(
                Enumerable.Range(0, LogitFiles.Classes).Select(d => report.Confusion[c, d]),
                own.GetProperty("taken_for").EnumerateArray().Select(count => count.GetInt32()));
        }

        Assert.Contains(
            FormattableString.Invariant(
                $"accuracy          {report.Accuracy.Count} of 300 = {report.Accuracy.Rate:p2}, exact 95 % interval "),
            run.Output,
            StringComparison.Ordinal);
        Assert.Contains("(labelled margin at least 1.5)", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_held_to_the_margin_it_was_trained_with_unless_told_another()
    {
        using var tool = new Tool();
        await tool.TrainAsync("m.pt", "--calibration-split", "0.1");
        string[] command = ["evaluate", "--model", tool.File("m.pt"), "--limit-test", "50", "--limit-train", "300"];
        var test = await Tool.RunAsync(command);
        Assert.Equal((0, ""), (test.ExitCode, test.Error));
        Assert.Contains("m.pt on its test images\naccuracy ", test.Output, StringComparison.Ordinal);
        Assert.Contains("of 50 = ", test.Output, StringComparison.Ordinal);
        Assert.Contains("(labelled margin at least 2)", test.Output, StringComparison.Ordinal);
        Assert.Contains("margin at least -3)", (await Tool.RunAsync([.. command, "--mu", "-3"])).Output, StringComparison.Ordinal);
        var train = await Tool.RunAsync([.. command, "--split", "train"]);
        Assert.Contains("m.pt on its train images\n", train.Output, StringComparison.Ordinal);
        Assert.Contains("of 300 = ", train.Output, StringComparison.Ordinal);
        Assert.Contains("note: 30 of the training images were kept out of training", train.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_accuracy_of_a_model_is_what_training_said()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        await Tool.RunAsync("evaluate", "--model", tool.File("m.pt"), "--limit-test", "100", "--json", tool.File("e.json"));
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(
            (double)model.Metrics["test_accuracy"]!,
            JsonDocument.Parse(File.ReadAllBytes(tool.File("e.json"))).RootElement.GetProperty("accuracy").GetDouble());
    }

    [Fact]
    public async Task A_class_without_samples_has_no_accuracy()
    {
        using var tool = new Tool();
        await File.WriteAllLinesAsync(tool.File("x.csv"), ["9,1,0", "8,2,1"]);
        await File.WriteAllLinesAsync(tool.File("y.csv"), ["0", "1"]);
        var run = await Tool.RunAsync(
            "evaluate", "--logits", tool.File("x.csv"), "--labels", tool.File("y.csv"), "--json", tool.File("e.json"));
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("constraints", run.Output, StringComparison.Ordinal); // None is prescribed.
        Assert.DoesNotContain("NaN", run.Output, StringComparison.Ordinal);
        Assert.Equal(
            JsonValueKind.Null,
            JsonDocument.Parse(
                File.ReadAllBytes(tool.File("e.json"))).RootElement.GetProperty("classes")[2].GetProperty("accuracy").ValueKind);
    }

    [Fact]
    public async Task Logits_of_many_classes_are_evaluated_without_a_table_of_confusion()
    {
        using var tool = new Tool();
        await File.WriteAllLinesAsync(
            tool.File("x.csv"), [string.Join(',', Enumerable.Range(0, 30).Select(c => c.ToString(CultureInfo.InvariantCulture)))]);
        await File.WriteAllLinesAsync(tool.File("y.csv"), ["29"]);
        var run = await Tool.RunAsync("evaluate", "--logits", tool.File("x.csv"), "--labels", tool.File("y.csv"));
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("taken for", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("has no labels: give --labels", "9,1,0")]
    [InlineData("row 0 and class 0 is 1E+300, too large for float32", "1e300,1,0", "--labels", "y.csv")]
    public async Task A_mistake_is_one_line_with_exit_code_2(string expected, string row, params string[] more)
    {
        using var tool = new Tool();
        await File.WriteAllLinesAsync(tool.File("x.csv"), [row]);
        await File.WriteAllLinesAsync(tool.File("y.csv"), ["0"]);
        var run = await Tool.RunAsync(
            ["evaluate", "--logits", tool.File("x.csv"), .. more.Select(text => text == "y.csv" ? tool.File(text) : text)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }
}

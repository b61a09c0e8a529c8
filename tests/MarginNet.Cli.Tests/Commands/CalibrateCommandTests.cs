using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MarginNet.Detection;
using MarginNet.ModelFiles;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Commands;

public sealed partial class CalibrateCommandTests
{
    [Theory]
    [InlineData("lower", "class", PValueTail.Lower, NullKind.Class)]
    [InlineData("two-sided", "pooled", PValueTail.TwoSided, NullKind.Pooled)]
    [InlineData("formula", "class", PValueTail.Formula, NullKind.Class)]
    [InlineData("empirical", "error-weighted", PValueTail.Empirical, NullKind.ErrorWeighted)]
    [InlineData("mixture", "class", PValueTail.Mixture, NullKind.Class)]
    public async Task The_unsupervised_threshold_is_that_of_the_library(
        string tail, string kind, PValueTail expectedTail, NullKind expectedKind)
    {
        using var tool = new Tool();
        var nullModel = MarginNullModel.Load(await LogitFiles.CalibrateAsync(tool, "--alpha", "0.02", "--tail", tail, "--null", kind));
        var expected = FlagRule.Calibrate(nullModel, 0.02, expectedKind, expectedTail);
        Assert.Equal(
            expected with { Threshold = expected.Threshold with { TruePositives = nullModel.Rule!.Threshold.TruePositives } },
            nullModel.Rule);
        var p = CalibrationValues(tool, nullModel.Rule);
        Assert.Equal(new(p.Count(value => value <= nullModel.Rule.Threshold.Value), p.Length), nullModel.Rule.Threshold.FalsePositives);
    }

    [Fact]
    public async Task What_fresh_decisions_may_expect_is_printed_and_the_class_that_may_expect_the_worst()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "train", 900, seed: 1);
        string[] command = ["calibrate", "--logits", logits, "--labels", labels, "--out", tool.File("null.json"), "--alpha", "0.05"];
        var run = await Tool.RunAsync([.. command, "--json", tool.File("c.json")]);
        Assert.Equal(0, run.ExitCode);
        var nullModel = MarginNullModel.Load(tool.File("null.json"));
        var rate = ExpectedRate.Compute(nullModel, nullModel.Rule!);
        Assert.Equal(0.05, rate.Mean, 1e-9);
        Assert.Contains(
            FormattableString.Invariant(
                $"fresh ones        5.00 % of right decisions are expected to be flagged, 95 % interval {rate.Interval.Low:p2} to {rate.Interval.High:p2}, if their margins were as large as training margins are"),
            run.Output,
            StringComparison.Ordinal);
        var worst = Enumerable.Range(0, LogitFiles.Classes).MaxBy(c => rate.Classes[c].High);
        Assert.Contains(
            FormattableString.Invariant($"worst class       {worst}: {rate.Classes[worst].Low:p2} to {rate.Classes[worst].High:p2}"),
            run.Output,
            StringComparison.Ordinal);
        Assert.Contains(
            FormattableString.Invariant($"smallest p        {rate.SmallestPValues.Min():g3} to {rate.SmallestPValues.Max():g3}, by class"),
            run.Output,
            StringComparison.Ordinal);
        var counts = nullModel.Rule!.Threshold.FalsePositives;
        Assert.Contains(
            $"false positives   {counts.Count} of {counts.Total} right decisions calibrated on", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            $"calibrated on     {nullModel.Pooled.SampleCount} right decisions of 900 samples the network was trained on ({logits})",
            run.Output,
            StringComparison.Ordinal);
        Assert.Equal(nullModel.MisclassifiedCount, nullModel.Rule.Threshold.TruePositives.Total);
        Assert.DoesNotContain("if their margins", (await Tool.RunAsync([.. command, "--held-out"])).Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllBytes(tool.File("c.json")));
        Assert.Equal(rate.Mean, json.RootElement.GetProperty("expected_false_positive_rate").GetDouble());
    }

    [Fact]
    public async Task A_threshold_that_can_never_flag_is_warned_of_with_the_number_of_samples_that_would_do()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "few", 10, seed: 1);
        string[] command = ["calibrate", "--logits", logits, "--labels", labels, "--out", tool.File("n.json"), "--held-out"];
        var run = await Tool.RunAsync([.. command, "--alpha", "0.01"]);
        Assert.Equal(0, run.ExitCode);
        const string Never = "warning: p <= 0.01 never flags anything: the right decisions calibrated on support p-values down to ";
        Assert.Contains(Never, run.Error, StringComparison.Ordinal);
        Assert.Contains("it takes 99 of each class, or --extrapolate.", run.Error, StringComparison.Ordinal);
        Assert.Contains(Never, (await Tool.RunAsync([.. command, "--alpha", "0.01", "--quiet"])).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Infinity", run.Output, StringComparison.Ordinal);
        Assert.Contains(
            Never, (await Tool.RunAsync("pvalue", "--logits", logits, "--calibration", tool.File("n.json"))).Error,
            StringComparison.Ordinal);
        Assert.Contains(
            "nothing is ever flagged", (await Tool.RunAsync([.. command, "--alpha", "0.01", "--tail", "formula"])).Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "never flags", (await Tool.RunAsync([.. command, "--alpha", "0.01", "--extrapolate"])).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("never flags", (await Tool.RunAsync([.. command, "--alpha", "0.2"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Classes_that_a_threshold_never_flags_are_named_with_a_cure()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool, "--alpha", "0.003");
        var nullModel = MarginNullModel.Load(calibration);
        var (logits, _) = LogitFiles.Write(tool, "test", 20, seed: 3);
        var run = await Tool.RunAsync("pvalue", "--logits", logits, "--calibration", calibration);
        Assert.Contains("never flags anything", run.Error, StringComparison.Ordinal); // Some 240 of each class support 0.0042.
        Assert.Contains(
            FormattableString.Invariant(
                $"it takes 333 of each class, or --null pooled (down to {nullModel.Pooled.SmallestPValue:g2}), or --extrapolate."),
            run.Error,
            StringComparison.Ordinal);
        Assert.DoesNotContain(
            "never",
            (await Tool.RunAsync("pvalue", "--logits", logits, "--calibration", calibration, "--null", "pooled", "--alpha", "0.003")).Error,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Margins_that_repeat_are_warned_of_and_randomised_on_request()
    {
        using var tool = new Tool();
        var (rows, classes) = LogitFiles.Draw(300, seed: 1);
        await File.WriteAllLinesAsync(tool.File("x.csv"), rows.Select(row => LogitFiles.Line([.. row.Select(value => Math.Round(value))])));
        await File.WriteAllLinesAsync(tool.File("y.csv"), classes.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        var run = await Tool.RunAsync(
            "calibrate", "--logits", tool.File("x.csv"), "--labels", tool.File("y.csv"), "--out", tool.File("n.json"));
        Assert.Contains("warning: margins repeat, as of rounded scores, in class '0' (", run.Error, StringComparison.Ordinal);
        string[] command = ["pvalue", "--logits", tool.File("x.csv"), "--calibration", tool.File("n.json")];
        var (plain, drawn) = (await Tool.RunAsync(command), await Tool.RunAsync([.. command, "--randomize", "7"]));
        Assert.Equal(drawn.Output, (await Tool.RunAsync([.. command, "--randomize", "7"])).Output);
        var smaller = plain.OutputLines[1..].Zip(drawn.OutputLines[1..], (a, b) => (P(a), P(b))).ToArray();
        Assert.All(smaller, pair => Assert.True(pair.Item2 <= pair.Item1));
        Assert.True(smaller.Count(pair => pair.Item2 < pair.Item1) > 250);

        static double P(string line) => double.Parse(line.Split(',')[6], CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task Warnings_of_the_fit_are_said_at_calibration_and_marked_after()
    {
        using var tool = new Tool();
        var (rows, classes) = LogitFiles.Draw(60, seed: 1);
        await File.WriteAllLinesAsync(tool.File("x.csv"), rows.Select(LogitFiles.Line));
        await File.WriteAllLinesAsync(tool.File("y.csv"), classes.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        var run = await Tool.RunAsync(
            "calibrate", "--logits", tool.File("x.csv"), "--labels", tool.File("y.csv"), "--out", tool.File("n.json"));
        Assert.Single(run.Error.Split('\n'), line => line.Contains("too few right decisions to calibrate on", StringComparison.Ordinal));
        var scored = await Tool.RunAsync(
            "pvalue", "--logits", tool.File("x.csv"), "--calibration", tool.File("n.json"), "--output", tool.File("p.csv"));
        Assert.DoesNotContain("warning", scored.Error, StringComparison.Ordinal);
        Assert.Contains("3 of 3 classes, as calibration warned.", scored.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_temperature_is_fitted_kept_and_used_for_confidences()
    {
        using var tool = new Tool();
        var (rows, classes) = LogitFiles.Draw(600, seed: 1);
        await File.WriteAllLinesAsync(tool.File("x.csv"), rows.Select(row => LogitFiles.Line([.. row.Select(value => 40 * value)])));
        await File.WriteAllLinesAsync(tool.File("y.csv"), classes.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        string[] data = ["--logits", tool.File("x.csv"), "--labels", tool.File("y.csv")];
        var plain = await Tool.RunAsync(["evaluate", .. data]);
        Assert.Contains(
            "'marginnet calibrate --logits FILE --labels FILE --out null.json --held-out --temperature'",
            plain.Error,
            StringComparison.Ordinal);
        await Tool.RunAsync(["calibrate", .. data, "--out", tool.File("n.json")]);
        Assert.Contains(
            "has no temperature", (await Tool.RunAsync(["evaluate", .. data, "--calibration", tool.File("n.json")])).Error,
            StringComparison.Ordinal);
        var run = await Tool.RunAsync(["calibrate", .. data, "--out", tool.File("n.json"), "--held-out", "--temperature"]);
        Assert.Contains("temperature  ", run.Output, StringComparison.Ordinal);
        Assert.InRange(MarginNullModel.Load(tool.File("n.json")).Temperature!.Value, 10, 100);
        var mended = await Tool.RunAsync(["evaluate", .. data, "--calibration", tool.File("n.json")]);
        Assert.Equal((0, ""), (mended.ExitCode, mended.Error));
        Assert.Contains("at the calibrated temperature", mended.Output, StringComparison.Ordinal);
        Assert.True(Error(mended) < Error(plain) / 2, mended.Output + plain.Output);

        static double Error(ToolRun run) => double.Parse(ExpectedError().Match(run.Output).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_temperature_that_raises_the_calibration_error_is_warned_of()
    {
        // Nineteen in twenty are about as sure as they are right, and the twentieth is wrong half of the time: what mends the latter spoils the former.
        using var tool = new Tool();
        string[] data = ["--logits", tool.File("x.csv"), "--labels", tool.File("y.csv")];
        await WriteAsync(sure: 12);
        const string Warning = "warning: the temperature raises the likelihood, but not the calibration error: one number does not make these confidences";
        string[] command = ["calibrate", .. data, "--out", tool.File("n.json"), "--held-out"];
        Assert.Contains(Warning, (await Tool.RunAsync([.. command, "--temperature"])).Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Warning, (await Tool.RunAsync(command)).Error, StringComparison.Ordinal);
        await WriteAsync(sure: 2.2); // As the others: one number mends all.
        Assert.DoesNotContain(Warning, (await Tool.RunAsync([.. command, "--temperature"])).Error, StringComparison.Ordinal);

        async Task WriteAsync(double sure)
        {
            var random = new Random(1);
            var rows = Enumerable.Range(0, 1200).Select(i => LogitFiles.Line([(i % 20 == 0 ? sure : 2.2) + (0.01 * random.NextDouble()), 0]));
            await File.WriteAllLinesAsync(tool.File("x.csv"), rows);
            await File.WriteAllLinesAsync(tool.File("y.csv"), Enumerable.Range(0, 1200).Select(i => (i % 20 == 0 ? i % 40 == 0 : i % 10 == 1) ? "1" : "0"));
        }
    }

    [Fact]
    public async Task Extrapolation_goes_with_the_lower_tail_only()
    {
        var run = await Tool.RunAsync(
            "calibrate", "--logits", "x.npy", "--labels", "y.npy", "--out", "n.json", "--tail", "two-sided", "--extrapolate");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--extrapolate continues the lower tail: leave out --tail two-sided.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counts_and_exact_intervals_of_a_threshold_chosen_on_other_samples_are_printed()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "other", 600, seed: 2);
        var (train, trainLabels) = LogitFiles.Write(tool, "train", 900, seed: 1);
        var run = await Tool.RunAsync(
            "calibrate", "--logits", train, "--labels", trainLabels, "--out", tool.File("null.json"), "--rule", "fpr", "--rule-logits",
            logits, "--rule-labels", labels);
        var match = FalsePositives().Match(run.Output);
        var proportion = new Proportion(Count(match, 1), Count(match, 2));
        Assert.Equal(MarginNullModel.Load(tool.File("null.json")).Rule!.Threshold.FalsePositives, proportion);
        var interval = proportion.ExactInterval();
        Assert.Contains(
            FormattableString.Invariant($"exact 95 % interval {interval.Low:p2} to {interval.High:p2}, of right decisions"),
            run.Output,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("youden")]
    [InlineData("cost", "--cost-ratio", "4")]
    [InlineData("fpr", "--alpha", "0.1")]
    public async Task A_supervised_threshold_is_the_best_there_is_on_the_other_samples(string rule, params string[] more)
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "other", 600, seed: 2);
        var path = await LogitFiles.CalibrateAsync(tool, ["--rule", rule, "--rule-logits", logits, "--rule-labels", labels, .. more]);
        var threshold = MarginNullModel.Load(path).Rule!.Threshold;
        var run = await Tool.RunAsync("pvalue", "--logits", logits, "--labels", labels, "--calibration", path);
        var rows = run.OutputLines[1..].Select(line => line.Split(','))
            .Select(fields =>
                (IsRight: fields[1] == fields[2], P: double.Parse(fields[6], CultureInfo.InvariantCulture), Flagged: fields[7] == "true"))
            .ToArray();
        Assert.Equal(
            threshold.FalsePositives, new Proportion(rows.Count(row => row.IsRight && row.Flagged), rows.Count(row => row.IsRight)));
        Assert.Equal(
            threshold.TruePositives, new Proportion(rows.Count(row => !row.IsRight && row.Flagged), rows.Count(row => !row.IsRight)));
        Func<double, double, double> merit = rule switch
        {
            "youden" => (falsePositives, truePositives) => (truePositives / threshold.TruePositives.Total)
                - (falsePositives / threshold.FalsePositives.Total),
            "cost" => (falsePositives, truePositives) => (4 * truePositives) - falsePositives,
            _ => (falsePositives, _) => falsePositives <= 0.1 * threshold.FalsePositives.Total ? falsePositives : -1,
        };
        var best = rows.Max(at => merit(rows.Count(row => row.IsRight && row.P <= at.P), rows.Count(row => !row.IsRight && row.P <= at.P)));
        Assert.Equal(best, merit(threshold.FalsePositives.Count, threshold.TruePositives.Count), 1e-12);
    }

    [Fact]
    public async Task A_threshold_can_be_chosen_by_atypical_samples_instead_of_wrong_decisions()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "other", 600, seed: 2);
        var narrow = LogitFiles.Draw(250, seed: 4).Logits.Select(row => LogitFiles.Line([.. row.Select(value => value / 50)]));
        await File.WriteAllLinesAsync(tool.File("narrow.csv"), narrow);
        var path = await LogitFiles.CalibrateAsync(
            tool, "--rule", "youden", "--rule-logits", logits, "--rule-labels", labels, "--atypical-logits", tool.File("narrow.csv"));
        var threshold = MarginNullModel.Load(path).Rule!.Threshold;
        Assert.Equal(250, threshold.TruePositives.Total);
        Assert.True(threshold.TruePositives.Rate > 0.9); // A fiftieth of the margin stands out.
        var run = await Tool.RunAsync("pvalue", "--logits", tool.File("narrow.csv"), "--calibration", path);
        Assert.Equal(threshold.TruePositives.Count, run.OutputLines.Count(line => line.EndsWith(",true", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_models_threshold_can_be_chosen_by_attacked_or_foreign_images()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        string[] command = ["calibrate", "--model", tool.File("m.pt"), "--limit-train", "300", "--limit-test", "80", "--rule", "youden"];
        var run = await Tool.RunAsync([.. command, "--fgsm", "0.1"]);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(" of attacked images", run.Output, StringComparison.Ordinal);
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            Assert.Equal(80, model.NullModel!.Rule!.Threshold.TruePositives.Total);
        }

        var both = await Tool.RunAsync([.. command, "--fgsm", "0.1", "--ood", tool.File("nowhere")]);
        Assert.Equal(2, both.ExitCode);
        Assert.Contains("--fgsm and --ood are two kinds of samples to flag", both.Error, StringComparison.Ordinal);
        var several = await Tool.RunAsync([.. command, "--ood", "a", "b"]);
        Assert.Equal(2, several.ExitCode);
        Assert.Contains("--ood names 2 sets of samples to flag", several.Error, StringComparison.Ordinal);
        var missing = await Tool.RunAsync([.. command, "--ood", tool.File("nowhere")]);
        Assert.Equal(2, missing.ExitCode);
        Assert.Contains("does not exist: give a folder", missing.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_keeps_its_network_and_gets_the_threshold_that_pvalue_then_flags_by()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var calibrate =
            await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--limit-train", "300", "--limit-test", "100", "--alpha", "0.2");
        Assert.Equal(0, calibrate.ExitCode);
        using var model = MarginModel.Load(tool.File("m.pt"));
        Assert.Equal(CalibrationSource.Training, model.NullModel!.Source);
        var threshold = model.NullModel.Rule!.Threshold.Value;
        string[] pvalue = ["pvalue", "--model", tool.File("m.pt"), "--split", "train", "--limit-train", "300"];
        var byThreshold = await Tool.RunAsync(pvalue);
        Assert.Contains(
            FormattableString.Invariant($"p (lower tail) <= {threshold:g9}, the calibrated threshold."),
            byThreshold.Error,
            StringComparison.Ordinal);
        Assert.Equal(
            model.NullModel.Rule.Threshold.FalsePositives.Count,
            byThreshold.OutputLines[1..].Select(line => line.Split(',')).Count(fields => fields[1] == fields[2] && fields[7] == "true"));
        var byAlpha = await Tool.RunAsync([.. pvalue, "--alpha", "0.05"]);
        Assert.Contains("p (lower tail) <= 0.05.", byAlpha.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_without_a_null_model_gets_one()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            model.NullModel = null; // As after an interrupted training.
            model.Save(tool.File("m.pt"));
        }

        var refused = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "50");
        Assert.Contains("run 'marginnet calibrate --model", refused.Error, StringComparison.Ordinal);
        await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--limit-train", "300");
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "50");
        Assert.Equal(51, run.OutputLines.Length);
    }

    [Fact]
    public async Task What_training_kept_out_is_calibrated_on_again_by_default()
    {
        using var tool = new Tool();
        await tool.TrainAsync("m.pt", "--calibration-split", "0.4", "--quiet");
        await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--limit-train", "300", "--out", tool.File("again.pt"));
        using var first = MarginModel.Load(tool.File("m.pt"));
        using var again = MarginModel.Load(tool.File("again.pt"));
        Assert.Equal(CalibrationSource.HeldOut, again.NullModel!.Source);
        Assert.Equal(
            first.NullModel!.Pooled.Margins.ToArray(), again.NullModel.Pooled.Margins.ToArray(), (a, b) => Math.Abs(a - b) <= 1e-4);
        var other = await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--limit-train", "200");
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("was trained on 180 images with 120 kept out, but the data has 200", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Test_samples_can_be_calibrated_on_and_count_as_held_out()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var run = await Tool.RunAsync(
            "calibrate", "--model", tool.File("m.pt"), "--split", "test", "--limit-test", "200", "--rule", "youden");
        Assert.Contains("of 200 samples kept out of training (test samples)", run.Output, StringComparison.Ordinal);
        Assert.Contains("largest true-positive less false-positive rate", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("give either --model, or --logits with --labels")]
    [InlineData("--model and --logits are both given", "--model", "m.pt", "--logits", "x.npy")]
    [InlineData("--labels does not go with --model", "--model", "m.pt", "--labels", "y.npy")]
    [InlineData("--split does not go with --logits", "--logits", "x.npy", "--labels", "y.npy", "--split", "test")]
    [InlineData("--data-dir does not go with --logits", "--logits", "x.npy", "--labels", "y.npy", "--data-dir", "d")]
    [InlineData("--logits need --labels", "--logits", "x.npy", "--out", "n.json")]
    [InlineData("--logits need --out", "--logits", "x.npy", "--labels", "y.npy")]
    [InlineData("its folder does not exist", "--logits", "x.npy", "--labels", "y.npy", "--out", "nowhere/n.json")]
    [InlineData("There is no file x.npy", "--logits", "x.npy", "--labels", "y.npy", "--out", "n.json")]
    [InlineData(
        "This --rule needs samples other than those calibrated on", "--logits", "x.npy", "--labels", "y.npy", "--out", "n.json", "--rule",
        "youden")]
    [InlineData(
        "--rule alpha needs no --rule-logits", "--logits", "x.npy", "--labels", "y.npy", "--out", "n.json", "--rule-logits", "o.npy",
        "--rule-labels", "p.npy")]
    [InlineData(
        "--rule-logits and --rule-labels go together", "--logits", "x.npy", "--labels", "y.npy", "--out", "n.json", "--rule-logits",
        "o.npy")]
    [InlineData("--rule cost needs --cost-ratio", "--model", "m.pt", "--rule", "cost")]
    [InlineData("--cost-ratio goes with --rule cost", "--model", "m.pt", "--cost-ratio", "3")]
    [InlineData("--cost-ratio is '0': expected a number above 0.", "--model", "m.pt", "--cost-ratio", "0")]
    [InlineData("--alpha has no effect on --rule youden", "--model", "m.pt", "--rule", "youden", "--alpha", "0.1")]
    [InlineData("'m.pt' does not exist", "--model", "m.pt")]
    public async Task A_mistake_is_one_line_with_exit_code_2(string expected, params string[] args)
    {
        var run = await Tool.RunAsync(["calibrate", .. args]);
        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("1,2,3\n4,nan,6", "0\n1", "train.csv: the logit of row 1 and class 1 is NaN")]
    [InlineData("1,2,3\n4,5,6", "0\n1\n2", "has 3 labels, but")]
    [InlineData("1,2,3\n4,5,6", "0\n3", "expected labels 0 to 2, but label 1 is 3")]
    [InlineData("1,2,3\n4,5,6", "0\n0", "Found no correctly classified sample with a positive margin")]
    [InlineData("1\n4", "0\n0", "expected logits of shape [N, C] with at least 2 classes")]
    [InlineData("", "", "expected logits of shape [N, C] with at least 2 classes")]
    [InlineData("1e308,-1e308\n1,2", "0\n0", "the logits of row 0 are too large to subtract")]
    public async Task Malformed_logits_or_labels_are_one_line_and_nothing_is_written(string logits, string labels, string expected)
    {
        using var tool = new Tool();
        File.WriteAllText(tool.File("train.csv"), logits);
        File.WriteAllText(tool.File("labels.csv"), labels);
        var run = await Tool.RunAsync(
            "calibrate", "--logits", tool.File("train.csv"), "--labels", tool.File("labels.csv"), "--out", tool.File("null.json"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.Equal(["labels.csv", "train.csv"], tool.Files);
    }

    /// <summary>The p-values, of the rule's kind, of the right decisions among the samples calibrated on.</summary>
    private static double[] CalibrationValues(Tool tool, FlagRule rule)
    {
        var nullModel = MarginNullModel.Load(tool.File("null.json"));
        var (logits, labels) = LogitFiles.Draw(900, seed: 1);
        return
        [
            .. logits.Zip(labels)
                .Where(sample => Array.IndexOf(sample.First, sample.First.Max()) == sample.Second)
                .Select(sample => nullModel.Score(
                    sample.First.Max() - sample.First.Order().ElementAt(LogitFiles.Classes - 2), sample.Second, rule.Null).Of(rule.Tail)),
        ];
    }

    private static int Count(Match match, int group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"false positives   (\d+) of (\d+) = ")]
    private static partial Regex FalsePositives();

    [GeneratedRegex(@"expected error ([0-9.]+)")]
    private static partial Regex ExpectedError();
}

using System.Text.Json;
using System.Text.RegularExpressions;
using MarginNet.Arrays;
using MarginNet.Cli.Output;
using MarginNet.Detection;
using MarginNet.Evaluation;
using MarginNet.PValues;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Commands;

public sealed class DetectCommandTests
{
    [Fact]
    public async Task The_figures_are_those_of_the_metrics_on_the_same_scores()
    {
        using var tool = new Tool();
        var (_, labels) = LogitFiles.Write(tool, "test", 400, seed: 3);
        var run = await DetectAsync(tool, "--labels", labels, "--resamples", "50");
        Assert.Equal(0, run.ExitCode);
        var (rows, classes) = LogitFiles.Draw(400, seed: 3);
        var wrong = Section(tool, "wrong_decisions");
        var isRight = rows.Zip(classes, (row, label) => Array.IndexOf(row, row.Max()) == label).ToArray();
        Assert.Equal(isRight.Count(right => right), wrong.GetProperty("typical_count").GetInt32());
        Assert.Equal(isRight.Count(right => !right), wrong.GetProperty("atypical_count").GetInt32());
        var fitted = MarginNullModel.Load(tool.File("null.json")).Scores!;
        (string Name, Func<double[], double> Score)[] scores =
        [
            ("margin", row => LogitScores.Margin(row)), ("max softmax", row => LogitScores.MaxSoftmaxLogOdds(row)),
            ("max logit", row => LogitScores.MaxLogit(row)),
            ("energy", row => LogitScores.Energy(row)), ("entropy", row => LogitScores.NegativeEntropy(row)),
            ("DOCTOR alpha", row => LogitScores.DoctorAlpha(row)), ("GEN", row => LogitScores.GeneralizedEntropy(row)),
            ("max softmax, T", row => fitted.MaxSoftmax(row)), ("max logit, p-norm", row => fitted.MaxLogit(row)),
            ("margin, p-norm", row => fitted.Margin(row)), ("Rel-U", row => fitted.RelativeUncertainty.Score(row)),
        ];
        foreach (var (name, score) in scores)
        {
            double[] Of(bool right) => [.. rows.Where((_, i) => isRight[i] == right).Select(score)];
            var expected = DetectionMetrics.Compute(Of(true), Of(false));
            var found = Score(wrong, name);
            Assert.Equal(expected.Auroc, found.GetProperty("auroc").GetDouble(), 1e-12);
            Assert.Equal(expected.AuprIn, found.GetProperty("aupr_typical").GetDouble(), 1e-12);
            Assert.Equal(expected.AuprOut, found.GetProperty("aupr_atypical").GetDouble(), 1e-12);
            Assert.Equal(expected.FprAt95Tpr, found.GetProperty("fpr_at_95_tpr").GetDouble(), 1e-12);
            Assert.Equal(expected.Aurc, found.GetProperty("aurc").GetDouble(), 1e-12);
            Assert.Equal(expected.ExcessAurc, found.GetProperty("e_aurc").GetDouble(), 1e-12);
            Assert.Equal(expected.Augrc, found.GetProperty("augrc").GetDouble(), 1e-12);
            if (found.TryGetProperty("same_order_as", out _))
            {
                continue;
            }

            Assert.Contains(
                FormattableString.Invariant($"{expected.Auroc:f3} ["),
                run.OutputLines.First(line => line.StartsWith(name + ' ', StringComparison.Ordinal)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_score_is_compared_and_laws_hold_among_them()
    {
        using var tool = new Tool();
        var (_, labels) = LogitFiles.Write(tool, "test", 400, seed: 3);
        await DetectAsync(tool, "--labels", labels, "--resamples", "50");
        var wrong = Section(tool, "wrong_decisions");
        string[] names =
        [
            "p lower", "p formula", "p two-sided", "p empirical", "p lower, error-weighted", "margin", "p lower, pooled", "max softmax",
            "max logit", "energy", "entropy", "DOCTOR alpha", "DOCTOR beta", "GEN", "max softmax, T", "max logit, p-norm", "margin, p-norm",
            "Rel-U",
        ];
        Assert.Equal(
            names.Order(StringComparer.Ordinal),
            wrong.GetProperty("scores").EnumerateArray().Select(row => row.GetProperty("score").GetString()!)
                .Order(StringComparer.Ordinal));
        Assert.Equal("max softmax", Score(wrong, "DOCTOR beta").GetProperty("same_order_as").GetString());
        double Auroc(string name) => Score(wrong, name).GetProperty("auroc").GetDouble();
        Assert.NotEqual(Auroc("p formula"), Auroc("p two-sided"));
        Assert.Equal(Auroc("margin"), Auroc("p lower, pooled"));
        Assert.Equal("margin", Score(wrong, "p lower, pooled").GetProperty("same_order_as").GetString());
        Assert.All(wrong.GetProperty("scores").EnumerateArray(), row =>
        {
            var interval = row.GetProperty("auroc_interval").EnumerateArray().Select(end => end.GetDouble()).ToArray();
            Assert.InRange(row.GetProperty("auroc").GetDouble(), interval[0], interval[1]);
        });
    }

    [Fact]
    public async Task What_scores_were_fitted_to_is_said_and_it_is_not_what_is_scored()
    {
        using var tool = new Tool();
        var (_, labels) = LogitFiles.Write(tool, "test", 400, seed: 3);
        var run = await DetectAsync(tool, "--labels", labels, "--resamples", "5", "--html", tool.File("d.html"));
        var (rows, classes) = LogitFiles.Draw(900, seed: 1);
        var calibration = new NumericArray(rows.SelectMany(row => row).ToArray(), 900, LogitFiles.Classes, IsVector: false);
        var expected = FittedScores.Fit(calibration, classes, TemperatureScaling.Fit(calibration, classes));
        var fitted = Section(tool, "fitted");
        Assert.Equal(expected.Temperature, fitted.GetProperty("temperature").GetDouble(), 1e-9);
        Assert.Equal(expected.MaxLogitOrder, fitted.GetProperty("max_logit_order").GetInt32());
        Assert.Equal(expected.MarginOrder, fitted.GetProperty("margin_order").GetInt32());
        Assert.False(fitted.GetProperty("held_out").GetBoolean());
        Assert.Contains(
            "Fitted to the calibration samples, which the network was trained on: max softmax, T (T = ", run.Output,
            StringComparison.Ordinal);
        Assert.Contains("areas under its curves, smaller is better", run.Output, StringComparison.Ordinal);
        var page = await File.ReadAllTextAsync(tool.File("d.html"));
        foreach (var said in new[] { "Fitted to the calibration samples", "Risk-coverage curves of right decisions", "areas under its curves" })
        {
            Assert.Contains(said, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_null_model_without_fitted_scores_is_told_what_would_fit_them()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "test", 100, seed: 3);
        var nullModel = await LogitFiles.CalibrateAsync(tool);
        MarginNullModel.Load(nullModel).WithScores(null).Save(nullModel);
        var run = await Tool.RunAsync(
            "detect", "--logits", logits, "--labels", labels, "--calibration", nullModel, "--resamples", "5");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("They need fitting: 'marginnet calibrate' anew does that.", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(run.OutputLines, line => line.StartsWith("Rel-U", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_score_by_another_name_shares_its_row()
    {
        // Of two classes the log-odds of the maximum are the margin, and the entropy falls as it rises.
        using var tool = new Tool();
        var random = new Random(1);
        await WriteTwoClassesAsync(tool, "two", 200, () => (random.NextDouble() * 4) - 1);
        string[] data = ["--logits", tool.File("two.csv"), "--labels", tool.File("two-labels.csv")];
        await Tool.RunAsync(["calibrate", .. data, "--out", tool.File("n.json")]);
        var run = await Tool.RunAsync(["detect", .. data, "--calibration", tool.File("n.json"), "--resamples", "10"]);
        // Normalised logits say nothing then, so that these fall back to the maximum softmax probability.
        const string Names = "margin = p lower, pooled = max softmax = entropy = DOCTOR alpha = DOCTOR beta = GEN = max softmax, T "
            + "= max logit, p-norm = margin, p-norm = Rel-U  ";
        Assert.Equal(2, run.OutputLines.Count(line => line.Contains(Names, StringComparison.Ordinal))); // and in the areas of risk
        Assert.DoesNotContain(run.OutputLines, line => line.StartsWith("max softmax", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_softmax_that_rounds_to_1_still_orders_samples()
    {
        using var tool = new Tool();
        var random = new Random(1);
        await WriteTwoClassesAsync(tool, "huge", 300, () => 200 * random.NextDouble() * (random.Next(4) == 0 ? -0.3 : 1));
        string[] data = ["--logits", tool.File("huge.csv"), "--labels", tool.File("huge-labels.csv")];
        await Tool.RunAsync(["calibrate", .. data, "--out", tool.File("n.json")]);
        await Tool.RunAsync(["detect", .. data, "--calibration", tool.File("n.json"), "--resamples", "10", "--json", tool.File("d.json")]);
        var wrong = Section(tool, "wrong_decisions");
        Assert.Equal(
            Score(wrong, "margin").GetProperty("fpr_at_95_tpr").GetDouble(),
            Score(wrong, "max softmax").GetProperty("fpr_at_95_tpr").GetDouble());
        Assert.True(Score(wrong, "max softmax").GetProperty("fpr_at_95_tpr").GetDouble() < 0.8);
    }

    [Fact]
    public async Task A_score_worse_than_guessing_is_explained()
    {
        using var tool = new Tool();
        await File.WriteAllLinesAsync(
            tool.File("foreign.csv"),
            LogitFiles.Draw(150, seed: 4).Logits.Select(row => LogitFiles.Line([.. row.Select(value => 10 * value)])));
        LogitFiles.Write(tool, "test", 400, seed: 3);
        var run = await DetectAsync(tool, "--ood-logits", tool.File("foreign.csv"), "--resamples", "20");
        Assert.Contains("note: p lower has an AUROC of 0.0", run.Error, StringComparison.Ordinal);
        Assert.Contains("foreign samples have larger margins than known ones", run.Error, StringComparison.Ordinal);
        Assert.Contains("--tail two-sided, which flags large margins too, has 0.", run.Error, StringComparison.Ordinal);
        var plain = await DetectAsync(tool, "--labels", tool.File("test-labels.csv"), "--resamples", "20");
        Assert.DoesNotContain("below the 0.5 of guessing", plain.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "the attack followed this network's own gradients and made wrong decisions of large margin", "--surrogate OTHER.pt")]
    [InlineData(true, "the attack made decisions of large margin, which no small-margin test finds.", null)]
    public void An_attack_that_enlarges_margins_is_told_with_the_cure_that_is_left(bool hasSurrogate, string expected, string? cure)
    {
        double[] clean = [.. Enumerable.Range(1, 50).Select(i => i / 100.0)];
        var attacked = Array.ConvertAll(clean, p => p + 0.45);
        var table = new DetectionTable(MarginNullModel.Fit([1.0, 2], new int[2], new int[2], 2));
        table.Add(
            DetectionTable.Attack,
            DetectionTable.Attack,
            "clean images",
            "attacked images",
            [("p lower", clean, attacked), ("p two-sided", attacked, clean)],
            resamples: 20,
            seed: 0,
            CancellationToken.None);
        var note = Assert.Single(table.Reversals(hasSurrogate));
        Assert.StartsWith("note: p lower has an AUROC of 0.0", note, StringComparison.Ordinal);
        Assert.Contains(expected, note, StringComparison.Ordinal);
        Assert.Equal(cure is not null, note.Contains(cure ?? "--surrogate", StringComparison.Ordinal));
        Assert.Contains("--tail two-sided, which flags large margins too, has 0.9", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lower_tail_orders_margins_below_every_calibration_margin()
    {
        // By rank all of them have the least p-value, and tie.
        using var tool = new Tool();
        await File.WriteAllLinesAsync(tool.File("test.csv"), Enumerable.Range(1, 40).Select(i => LogitFiles.Line([1e-7 * i, 0, -1])));
        await File.WriteAllLinesAsync(tool.File("foreign.csv"), Enumerable.Range(1, 40).Select(i => LogitFiles.Line([1e-9 * i, 0, -1])));
        await DetectAsync(tool, "--ood-logits", tool.File("foreign.csv"), "--resamples", "5");
        var section = Section(tool, "out_of_distribution");
        double Auroc(string name) => Score(section, name).GetProperty("auroc").GetDouble();
        Assert.Equal(0.5, Auroc("p empirical"));
        Assert.Equal(Auroc("margin"), Auroc("p lower"));
        Assert.Equal(Auroc("margin"), Auroc("p lower, error-weighted"));
        Assert.True(Auroc("margin") > 0.9);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_intervals_and_another_seed_others()
    {
        using var tool = new Tool();
        var (_, labels) = LogitFiles.Write(tool, "test", 400, seed: 3);
        var first = await DetectAsync(tool, "--labels", labels, "--resamples", "50", "--seed", "7");
        var second = await DetectAsync(tool, "--labels", labels, "--resamples", "50", "--seed", "7");
        var other = await DetectAsync(tool, "--labels", labels, "--resamples", "50", "--seed", "8");
        Assert.Equal(first.Output, second.Output);
        Assert.NotEqual(first.Output, other.Output);
    }

    [Fact]
    public async Task Foreign_logits_are_compared_with_all_known_ones_and_need_no_labels()
    {
        using var tool = new Tool();
        File.WriteAllLines(
            tool.File("foreign.csv"),
            LogitFiles.Draw(150, seed: 4).Logits.Select(row => LogitFiles.Line([.. row.Select(value => 0.1 * value)])));
        LogitFiles.Write(tool, "test", 400, seed: 3);
        var run = await DetectAsync(tool, "--ood-logits", tool.File("foreign.csv"), "--resamples", "20");
        Assert.Contains("known samples from foreign samples: 400 known samples, 150 foreign samples", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong decisions", run.Output, StringComparison.Ordinal);
        // A tenth of the logits has a tenth of the margin.
        Assert.True(Score(Section(tool, "out_of_distribution"), "margin").GetProperty("auroc").GetDouble() > 0.9);
    }

    [Fact]
    public async Task A_model_is_compared_on_its_test_samples_and_on_a_folder_of_foreign_images()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        Directory.CreateDirectory(tool.File("ood/deep"));
        for (var i = 0; i < 3; i++)
        {
            using var file = File.Create(tool.File($"ood/deep/{i}.png"));
            new ImageWriter().WritePng([.. Enumerable.Repeat((byte)(80 * i), 16 * 16 * 3)], 16, 16, ColorComponents.RedGreenBlue, file);
        }

        var run = await Tool.RunAsync(
            "detect", "--model", tool.File("m.pt"), "--limit-test", "100", "--ood", tool.File("ood"), "--resamples", "20");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("100 known samples, 3 foreign samples", run.Output, StringComparison.Ordinal);
        Assert.Contains("right decisions from wrong decisions: ", run.Output, StringComparison.Ordinal);

        Directory.CreateDirectory(tool.File("other/ood"));
        File.Copy(tool.File("ood/deep/1.png"), tool.File("other/ood/1.png"));
        Directory.CreateDirectory(tool.File("grey"));
        File.Copy(tool.File("ood/deep/2.png"), tool.File("grey/2.png"));
        string[] three = [tool.File("ood"), tool.File("other/ood"), tool.File("grey")];
        var several = await Tool.RunAsync([
            "detect", "--model", tool.File("m.pt"), "--limit-test", "100", "--resamples", "20", "--ood", .. three, "--json", tool.File("d.json"),
            "--html", tool.File("d.html"), "--logits-out", tool.File("raw_logits.npz")]);
        Assert.Equal(0, several.ExitCode);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("d.json")));
        foreach (var (name, count) in new[] { (three[0], 3), (three[1], 1), ("grey", 1) })
        {
            Assert.Contains($"100 known samples, {count} images of '{name}'", several.Output, StringComparison.Ordinal);
            Assert.Equal(count, json.RootElement.GetProperty($"out_of_distribution:{name}").GetProperty("atypical_count").GetInt32());
        }

        var page = await File.ReadAllTextAsync(tool.File("d.html"));
        Assert.All(
            ["out-of-distribution", "out-of-distribution-2", "out-of-distribution-3"],
            id => Assert.Single(Regex.Matches(page, $" id=\"{id}\"")));
        Assert.Equal(1, FdShiftsFile.Read(tool.File("raw_logits.npz") + "@3").Logits.Rows);

        var twice = await Tool.RunAsync("detect", "--model", tool.File("m.pt"), "--ood", three[0], three[0]);
        Assert.Equal((2, true), (twice.ExitCode, twice.Error.Contains("is named twice", StringComparison.Ordinal)));
        Directory.CreateDirectory(tool.File("empty"));
        foreach (var (folder, expected) in new[]
        {
            ("empty", "has no .jpg, .jpeg, .png, .bmp or .webp file"),
            ("nowhere", "does not exist"),
        })
        {
            var refused = await Tool.RunAsync("detect", "--model", tool.File("m.pt"), "--ood", tool.File(folder));
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(expected, refused.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--logits need --labels, --ood-logits or both")]
    [InlineData("--ood does not go with --logits", "--ood", "d")]
    [InlineData("--resamples is '0': expected a whole number, 1 to 1000000.", "--resamples", "0")]
    public async Task A_mistake_is_one_line_with_exit_code_2(string expected, params string[] more)
    {
        using var tool = new Tool();
        LogitFiles.Write(tool, "test", 10, seed: 3);
        var run = await DetectAsync(tool, more);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_classifier_that_is_always_right_has_no_wrong_decisions_to_detect()
    {
        using var tool = new Tool();
        File.WriteAllText(tool.File("test.csv"), "9,0,1\n0,9,1\n");
        File.WriteAllText(tool.File("labels.csv"), "0\n1\n");
        var run = await DetectAsync(tool, "--labels", tool.File("labels.csv"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("2 decisions are right and 0 wrong", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_comparison_that_has_only_one_side_is_said_to_be_left_out()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        await File.WriteAllLinesAsync(tool.File("right.csv"), ["9,1,0", "8,2,1"]);
        await File.WriteAllLinesAsync(tool.File("zeros.csv"), ["0", "0"]);
        string[] command =
        [
            "detect", "--logits", tool.File("right.csv"), "--labels", tool.File("zeros.csv"), "--calibration", calibration, "--resamples",
            "5",
        ];
        var both = await Tool.RunAsync([.. command, "--ood-logits", tool.File("right.csv")]);
        Assert.Equal(0, both.ExitCode);
        Assert.Contains("note: 2 decisions are right and 0 wrong", both.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await Tool.RunAsync(command)).ExitCode);
    }

    [Fact]
    public async Task A_model_is_compared_on_its_images_before_and_under_an_attack()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        await tool.TrainAsync("other.pt", "--seed", "9");
        string[] command =
        [
            "detect", "--model", tool.File("m.pt"), "--limit-test", "60", "--resamples", "20", "--json", tool.File("d.json"),
        ];
        Assert.Equal(0, (await Tool.RunAsync([.. command, "--fgsm", "0.1"])).ExitCode);
        var own = Section(tool, "attack");
        Assert.Equal((60, 60), (own.GetProperty("typical_count").GetInt32(), own.GetProperty("atypical_count").GetInt32()));
        Assert.NotEqual(0.5, Score(own, "margin").GetProperty("auroc").GetDouble());
        Assert.Equal(0, (await Tool.RunAsync([.. command, "--fgsm", "0.1", "--surrogate", tool.File("other.pt")])).ExitCode);
        Assert.NotEqual(Score(own, "margin").GetRawText(), Score(Section(tool, "attack"), "margin").GetRawText());
        var mistake = await Tool.RunAsync([.. command, "--surrogate", tool.File("other.pt")]);
        Assert.Equal(2, mistake.ExitCode);
        Assert.Contains("--surrogate needs --fgsm", mistake.Error, StringComparison.Ordinal);
    }

    /// <summary>Logits (m, 0) with label 0: a right decision where the lead m is positive, else a wrong one.</summary>
    private static async Task WriteTwoClassesAsync(Tool tool, string name, int count, Func<double> lead)
    {
        await File.WriteAllLinesAsync(tool.File($"{name}.csv"), Enumerable.Range(0, count).Select(_ => LogitFiles.Line([lead(), 0])));
        await File.WriteAllLinesAsync(tool.File($"{name}-labels.csv"), Enumerable.Repeat("0", count));
    }

    private static async Task<ToolRun> DetectAsync(Tool tool, params string[] more) =>
        await Tool.RunAsync(["detect", "--logits", tool.File("test.csv"), "--calibration", await LogitFiles.CalibrateAsync(tool), "--json",
            tool.File("d.json"), .. more]);

    private static JsonElement Section(Tool tool, string name) =>
        JsonDocument.Parse(File.ReadAllBytes(tool.File("d.json"))).RootElement.GetProperty(name);

    private static JsonElement Score(JsonElement section, string name) =>
        section.GetProperty("scores").EnumerateArray().Single(row => row.GetProperty("score").GetString() == name);
}

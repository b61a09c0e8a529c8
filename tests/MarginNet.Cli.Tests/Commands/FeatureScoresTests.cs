using System.Globalization;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Detection;
using MarginNet.Features;

namespace MarginNet.Cli.Tests.Commands;

public sealed class FeatureScoresTests
{
    private const int Dimension = 4;
    private const int TrainingCount = 240;

    [Fact]
    public async Task Of_files_the_figures_are_those_of_the_library()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "test", 300, seed: 3);
        var (rows, classes) = LogitFiles.Draw(300, seed: 3);
        var (features, training, trainingLabels) = (Draw(classes, 5), Draw(TrainingLabels, 6), TrainingLabels);
        var weights = Draw([.. Enumerable.Range(0, LogitFiles.Classes)], 7);
        var run = await Tool.RunAsync(
            "detect", "--logits", logits, "--labels", labels, "--calibration", await LogitFiles.CalibrateAsync(tool), "--resamples", "5",
            "--features", Write(tool, "f.csv", features), "--train-features", Write(tool, "train-f.csv", training),
            "--train-labels", WriteLabels(tool, trainingLabels), "--last-layer", Write(tool, "w.csv", weights),
            "--json", tool.File("d.json"));
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Features: 4 of each of 240 training samples; KNN with k = 50.", run.Output, StringComparison.Ordinal);
        Assert.Contains("Not compared: p PCAD", run.Output, StringComparison.Ordinal);
        var decided = rows.Select(row => Array.IndexOf(row, row.Max())).ToArray();
        var (boundary, neighbors) = (FastDecisionBoundary.Fit(weights, training), NearestNeighbors.Fit(training));
        var mahalanobis = MahalanobisScore.Fit(training, trainingLabels, LogitFiles.Classes);
        var pcad = Pcad.Fit(training, trainingLabels, LogitFiles.Classes);
        (string Name, Func<int, double> Score)[] scores =
        [
            ("fDBD", i => boundary.Score(features.Row(i), rows[i])), ("KNN", i => neighbors.Score(features.Row(i))),
            ("Mahalanobis", i => mahalanobis.Score(features.Row(i))), ("PCAD", i => pcad.Score(features.Row(i), decided[i])),
        ];
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("d.json")));
        var found = json.RootElement.GetProperty("wrong_decisions").GetProperty("scores").EnumerateArray()
            .ToDictionary(score => score.GetProperty("score").GetString()!, score => score.GetProperty("auroc").GetDouble());
        foreach (var (name, score) in scores)
        {
            double[] Of(bool isRight) =>
                [.. Enumerable.Range(0, 300).Where(i => decided[i] == classes[i] == isRight).Select(score)];
            Assert.Equal(DetectionMetrics.Compute(Of(true), Of(false)).Auroc, found[name], 1e-9);
        }

        var fitted = json.RootElement.GetProperty("features");
        Assert.Equal((Dimension, 50), (fitted.GetProperty("dimension").GetInt32(), fitted.GetProperty("neighbor").GetInt32()));
        Assert.Equal(
            pcad.Classes.Select(fit => fit.Mixture.Order),
            fitted.GetProperty("pcad").EnumerateArray().Select(fit => fit.GetProperty("order").GetInt32()));
    }

    [Fact]
    public async Task Of_a_model_all_scores_are_compared_and_p_values_are_of_images_kept_out_of_training()
    {
        using var tool = new Tool();
        Assert.Equal(0, (await tool.TrainAsync("m.pt", "--calibration-split", "0.3")).ExitCode);
        var run = await Tool.RunAsync(
            "detect", "--model", tool.File("m.pt"), "--feature-scores", "--fgsm", "0.1", "--resamples", "5", "--json", tool.File("d.json"));
        Assert.Equal(0, run.ExitCode);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("d.json")));
        foreach (var section in new[] { "wrong_decisions", "attack" })
        {
            var names = json.RootElement.GetProperty(section).GetProperty("scores").EnumerateArray()
                .Select(score => score.GetProperty("score").GetString()!).ToArray();
            string[] expected =
            [
                "fDBD", "KNN", "Mahalanobis", "PCAD", "p PCAD", "p margin and PCAD, Fisher", "p margin and PCAD, Cauchy",
                "p margin and PCAD, harmonic",
            ];
            Assert.Equal(expected, names.TakeLast(expected.Length));
        }

        var fitted = json.RootElement.GetProperty("features");
        Assert.Equal(210, fitted.GetProperty("training_count").GetInt32()); // 0.7 of 300
        Assert.InRange(fitted.GetProperty("held_out_right_count").GetInt32(), 1, 90);
        Assert.Contains("on samples kept out of training.", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_go_together_is_one_line()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "test", 30, seed: 3);
        string[] detect = ["detect", "--logits", logits, "--labels", labels, "--calibration", await LogitFiles.CalibrateAsync(tool)];
        var features = Write(tool, "f.csv", Draw(Enumerable.Repeat(0, 30).ToArray(), 1));
        var (training, trainingLabels) = (Write(tool, "t.csv", Draw(TrainingLabels, 2)), WriteLabels(tool, TrainingLabels));
        string[] both = ["--train-features", training, "--train-labels", trainingLabels];
        var narrow = tool.File("narrow.csv");
        await File.WriteAllLinesAsync(narrow, Enumerable.Repeat("1,2", 30));
        var one = tool.File("one.csv");
        await File.WriteAllLinesAsync(one, Enumerable.Repeat("0", TrainingCount));
        (string Expected, string[] Arguments)[] cases =
        [
            ("--features need --train-features", ["--features", features]),
            ("--last-layer has no effect without --features", ["--last-layer", features]),
            ("--feature-scores does not go with --logits", ["--feature-scores"]),
            ("give both or none", ["--features", features, "--ood-features", features, .. both]),
            ("expected [30, D]", ["--features", training, .. both]),
            ("expected [N, 2]", ["--features", narrow, .. both]),
            ("expected [3, 4]", ["--features", features, "--last-layer", features, .. both]),
            ("class '1' has 0", ["--features", features, "--train-features", training, "--train-labels", one]),
        ];
        foreach (var (expected, arguments) in cases)
        {
            var run = await Tool.RunAsync([.. detect, .. arguments]);
            Assert.Equal(2, run.ExitCode);
            var line = Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.Contains(expected, line, StringComparison.Ordinal);
        }

        await tool.WriteModelAsync("m.pt");
        var sharded = await Tool.RunAsync("detect", "--model", tool.File("m.pt"), "--feature-scores", "--shard", "1/2");
        Assert.Equal(2, sharded.ExitCode);
        Assert.Contains("which no shard has", sharded.Error, StringComparison.Ordinal);
    }

    private static int[] TrainingLabels { get; } = [.. Enumerable.Range(0, TrainingCount).Select(i => i % LogitFiles.Classes)];

    private static NumericArray Draw(int[] labels, int seed)
    {
        var random = new Random(seed);
        return new(
            labels.SelectMany(label => Enumerable.Range(0, Dimension).Select(j => (random.NextDouble() * (j + 1)) + label)).ToArray(),
            labels.Length, Dimension, IsVector: false);
    }

    private static string Write(Tool tool, string name, NumericArray array)
    {
        File.WriteAllLines(tool.File(name), Enumerable.Range(0, array.Rows).Select(i => LogitFiles.Line(array.Row(i).ToArray())));
        return tool.File(name);
    }

    private static string WriteLabels(Tool tool, int[] labels)
    {
        File.WriteAllLines(tool.File("train-y.csv"), labels.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        return tool.File("train-y.csv");
    }
}

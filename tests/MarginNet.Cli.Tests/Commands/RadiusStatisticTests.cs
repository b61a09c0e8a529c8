using System.Globalization;
using System.Text.Json;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.PValues;
using static TorchSharp.torch;

namespace MarginNet.Cli.Tests.Commands;

/// <summary><c>calibrate --statistic radius</c>, and what then uses it.</summary>
public sealed class RadiusStatisticTests
{
    [Fact]
    public async Task P_values_and_detectors_are_of_what_the_model_was_calibrated_on()
    {
        using var tool = new Tool();
        var model = await CalibrateAsync(tool);
        var run = await Tool.RunAsync("pvalue", "--model", model, "--limit-test", "100", "--output", tool.File("p.csv"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Null model of class-purity radii (lipschitz) from", run.Output, StringComparison.Ordinal);
        var lines = await File.ReadAllLinesAsync(tool.File("p.csv"));
        Assert.StartsWith("index,true,predicted,margin,radius,log_radius,p_formula,p_lower,", lines[0], StringComparison.Ordinal);
        using var loaded = MarginModel.Load(model);
        var images = SyntheticShapes.Create().Test.TakeBalanced(100);
        var radii = CertifiedRadius.Compute(
            loaded.Network.Score(images), images, LipschitzBounds.Compute(loaded.Network, new(3, 32, 32)));
        Assert.Equal(100, lines.Length - 1);
        for (var i = 0; i < 100; i++)
        {
            var cells = lines[i + 1].Split(',');
            var radius = double.Parse(cells[4], CultureInfo.InvariantCulture);
            Assert.Equal(radii[i].Radius, radius, 1e-6 + (1e-4 * radius));
            Assert.Equal(
                loaded.NullModel!.Score(radius, radii[i].PredictedClass).Lower, double.Parse(cells[7], CultureInfo.InvariantCulture), 1e-4);
        }

        Assert.Equal(0, (await Tool.RunAsync(
            "detect", "--model", model, "--limit-test", "100", "--fgsm", "0.05", "--resamples", "20", "--json",
            tool.File("d.json"))).ExitCode);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("d.json")));
        var rows = json.RootElement.GetProperty("attack").GetProperty("scores").EnumerateArray()
            .ToDictionary(row => row.GetProperty("score").GetString()!, row => row);
        Assert.Equal(rows["radius"].GetProperty("auroc").GetDouble(), rows["p lower, pooled"].GetProperty("auroc").GetDouble());
        Assert.True(rows.ContainsKey("margin"));

        Assert.Equal(0, (await Tool.RunAsync("calibrate", "--model", model)).ExitCode); // Of margins again.
        Assert.DoesNotContain(
            "radius", (await Tool.RunAsync("pvalue", "--model", model, "--limit-test", "100")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_summary_speaks_of_radii()
    {
        using var tool = new Tool();
        await CalibrateAsync(tool);
        var run = await Tool.RunAsync(
            "calibrate", "--model", tool.File("m.pt"), "--statistic", "radius", "--method", "lipschitz", "--json",
            tool.File("c.json"));
        Assert.Contains("zero radii", run.Output, StringComparison.Ordinal);
        Assert.Contains(", by class-purity radii (lipschitz)", run.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("c.json")));
        Assert.Equal("radius", json.RootElement.GetProperty("statistic").GetString());
        Assert.Equal("lipschitz", json.RootElement.GetProperty("radius_method").GetString());
        Assert.True(json.RootElement.GetProperty("classes")[0].TryGetProperty("zero_radii", out _));
    }

    [Fact]
    public async Task Radii_of_other_weights_are_refused()
    {
        using var tool = new Tool();
        var path = await CalibrateAsync(tool);
        using (var model = MarginModel.Load(path))
        {
            using (no_grad())
            {
                model.Network.parameters().First().mul_(1.01);
            }

            model.Save(path);
        }

        foreach (var command in new[] { "pvalue", "detect" })
        {
            var run = await Tool.RunAsync(command, "--model", path);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains("was calibrated on radii by other bounds than are proven of it now", run.Error, StringComparison.Ordinal);
            Assert.Contains("--statistic radius' again", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Where_there_are_no_radii_one_line_says_so()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Write(tool, "x", 60, seed: 1);
        string[] ofLogits = ["calibrate", "--logits", logits, "--labels", labels, "--out", tool.File("n.json")];
        await RefusedAsync("logits have margins alone", [.. ofLogits, "--statistic", "radius"]);
        await RefusedAsync("--method has no effect without --statistic radius", [.. ofLogits, "--method", "lipschitz"]);
        var classes = Enumerable.Range(0, 60).Select(i => i % LogitFiles.Classes).ToArray();
        MarginNullModel.Fit(
            [.. classes.Select((_, i) => 1.0 + i)], classes, classes, LogitFiles.Classes, new() { Radii = new("lipschitz", "ab", 1) })
            .Save(tool.File("r.json"));
        await RefusedAsync("is of class-purity radii", "pvalue", "--logits", logits, "--calibration", tool.File("r.json"));

        manual_seed(9);
        using (var vacuous = new MarginModel(new ResNet18(new() { Width = 2 }), SyntheticShapes.ClassNames, (32, 32))
        {
            Training = { ["data"] = "synthetic" },
        })
        {
            vacuous.Save(tool.File("v.pt"));
        }

        await RefusedAsync(
            "certified radius to calibrate on", "calibrate", "--model", tool.File("v.pt"), "--statistic", "radius", "--limit-train", "100");

        static async Task RefusedAsync(string expected, params string[] args)
        {
            var run = await Tool.RunAsync(args);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Generalization_is_of_the_images_trained_on_and_those_of_the_test()
    {
        using var tool = new Tool();
        Assert.Equal(0, (await TrainAsync(tool, "--calibration-split", "0.2")).ExitCode);
        var run = await Tool.RunAsync(
            "lipschitz", "--model", tool.File("m.pt"), "--limit-test", "100", "--generalization", "--json", tool.File("g.json"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("spectral complexity R_A <= ", run.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("g.json")));
        var root = json.RootElement.GetProperty("generalization");
        Assert.Equal(240, root.GetProperty("training_count").GetInt32());
        Assert.Equal(240, root.GetProperty("training").GetProperty("count").GetInt32());
        Assert.Equal(100, root.GetProperty("test").GetProperty("count").GetInt32());
        using var model = MarginModel.Load(tool.File("m.pt"));
        var complexity = SpectralComplexity.Compute(model.Network, new(3, 32, 32));
        Assert.Equal(complexity.Value.Value, root.GetProperty("spectral_complexity").GetDouble(), 1e-6 * complexity.Value.Value);
        var (test, unit) = (SyntheticShapes.Create().Test.TakeBalanced(100), root.GetProperty("margin_unit").GetDouble());
        var median = SpectralComplexity.NormalizedMargins(model.Score(test), test.Labels, unit).Order().ElementAt(49);
        Assert.Equal(
            median, root.GetProperty("test").GetProperty("quantiles")[2].GetProperty("normalized_margin").GetDouble(),
            1e-4 * Math.Abs(median));
        Assert.Contains("trained on", (await Tool.RunAsync(
            "lipschitz", "--model", tool.File("m.pt"), "--generalization", "--limit-train", "50")).Error, StringComparison.Ordinal);
    }

    private static Task<ToolRun> TrainAsync(Tool tool, params string[] more) => tool.TrainAsync(
        "m.pt", ["--arch", "lipnet", "--width", "12", "--mu", "0.5", "--temperature", "0.25", "--epochs", "2", .. more]);

    /// <summary>A small LipNet, calibrated on its radii.</summary>
    private static async Task<string> CalibrateAsync(Tool tool)
    {
        Assert.Equal(0, (await TrainAsync(tool)).ExitCode);
        var run = await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--statistic", "radius");
        Assert.Equal(0, run.ExitCode);
        return tool.File("m.pt");
    }
}

using System.Globalization;
using System.Text.Json;
using MarginNet.Certificates;
using MarginNet.Cli.Commands;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.ModelFiles;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Cli.Tests.Commands;

public sealed class LipschitzCommandTests
{
    [Fact]
    public async Task The_table_and_the_json_say_what_the_library_proves()
    {
        using var tool = new Tool();
        SaveModel(tool.File("m.pt"), body: 1);
        var run = await Tool.RunAsync(
            "lipschitz", "--model", tool.File("m.pt"), "--samples", "4", "--ascent-steps", "2", "--json", tool.File("l.json"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using var model = MarginModel.Load(tool.File("m.pt"));
        var bounds = LipschitzBounds.Compute(model.Network, new(3, 32, 32));
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("l.json")));
        var root = json.RootElement;
        Assert.Equal(bounds.Scores.Value, root.GetProperty("l_inf").GetProperty("upper_bound").GetDouble(), 1e-6 * bounds.Scores.Value);
        Assert.Equal(45, root.GetProperty("pairs").GetArrayLength());
        Assert.Equal(bounds.Layers.Length, root.GetProperty("layers").GetArrayLength());
        Assert.All(
            root.GetProperty("pairs").EnumerateArray().Append(root.GetProperty("l_inf")).Append(root.GetProperty("l_2")),
            row => Assert.InRange(row.GetProperty("lower_bound").GetDouble(), 1e-9, row.GetProperty("upper_bound").GetDouble()));
        Assert.Contains("normalize + conv1 + bn1", run.Output, StringComparison.Ordinal);
        Assert.Contains("These bounds are vacuous: a radius of 36/255 needs a margin of up to 10^", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("relu", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_samples_no_data_is_needed_and_no_lower_bound_shown()
    {
        using var tool = new Tool();
        SaveModel(tool.File("m.pt"), body: 1);
        var run = await Tool.RunAsync("lipschitz", "--model", tool.File("m.pt"), "--data-dir", tool.File("nowhere"), "--data", "folder");
        Assert.Equal(0, run.ExitCode);
        Assert.DoesNotContain("seen at least", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certified_accuracy_is_counted_from_the_radii_of_the_file()
    {
        using var tool = new Tool();
        SaveModel(tool.File("m.pt"), body: 1e-3);
        var run = await Tool.RunAsync(
            "certify", "--model", tool.File("m.pt"), "--limit-test", "100", "--epsilon", "0.3/100", "1e-5", "--no-attack", "--output",
            tool.File("c.csv"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = (await File.ReadAllLinesAsync(tool.File("c.csv"))).Skip(1).Select(line => line.Split(',')).ToArray();
        using var model = MarginModel.Load(tool.File("m.pt"));
        var images = SyntheticShapes.Create().Test.TakeBalanced(100);
        var radii = CertifiedRadius.Compute(model.Network.Score(images), images, LipschitzBounds.Compute(model.Network, new(3, 32, 32)));
        Assert.Equal(100, rows.Length);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(radii[i].Radius, double.Parse(rows[i][4], CultureInfo.InvariantCulture), 1e-4 * radii[i].Radius);
        }

        foreach (var (text, epsilon) in new[] { ("0.3/100", 0.003), ("1e-5", 1e-5) })
        {
            var count = CertifiedAccuracy.Compute(radii, images.Labels, epsilon).Count;
            Assert.Contains(
                $"({count} of 100;",
                run.OutputLines.Single(line => line.StartsWith($"certified at {text} ", StringComparison.Ordinal)),
                StringComparison.Ordinal);
        }

        Assert.True(CertifiedAccuracy.Compute(radii, images.Labels, 1e-5).Count > 0);
        Assert.StartsWith("clean accuracy", run.OutputLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accuracy_under_attack_stands_between_clean_and_certified_in_table_file_and_plot()
    {
        using var tool = new Tool();
        SaveModel(tool.File("m.pt"), body: 1e-3);
        var run = await Tool.RunAsync(
            "certify", "--model", tool.File("m.pt"), "--limit-test", "40", "--epsilon", "1", "1e-5", "--attack-steps", "3", "--output",
            tool.File("c.csv"), "--plot", tool.File("c.svg"));
        Assert.Equal((0, "attacked within 1e-05\nattacked within 1\n"), (run.ExitCode, run.Error.ReplaceLineEndings("\n")));
        var clean = Count("clean accuracy ");
        foreach (var epsilon in new[] { "1", "1e-5" })
        {
            Assert.InRange(Count($"PGD at {epsilon} "), Count($"certified at {epsilon} "), clean);
        }

        Assert.True(Count("PGD at 1 ") < clean);
        Assert.StartsWith("No attack inside its ball changed any of ", run.OutputLines[^1], StringComparison.Ordinal);
        var rows = (await File.ReadAllLinesAsync(tool.File("c.csv"))).Select(line => line.Split(',')).ToArray();
        Assert.Equal("attacked_at", rows[0][^1]);
        Assert.Equal(40 - clean, rows.Count(row => row[^1] == "0"));
        Assert.Equal(Count("PGD at 1 "), rows.Count(row => row[^1].Length == 0));
        Assert.Contains("<svg", await File.ReadAllTextAsync(tool.File("c.svg")), StringComparison.Ordinal);

        int Count(string start) => int.Parse(
            run.OutputLines.Single(line => line.StartsWith(start, StringComparison.Ordinal)).Split('(')[1].Split(' ')[0],
            CultureInfo.InvariantCulture);
    }

    [Fact]
    public void A_certificate_that_an_attack_disproves_is_a_defect()
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.Equal(1, CertifyCommand.Report(
            [new(3, 0.5, 0.25, 1, 0)], [], output, error, ["cat", "dog"], ImageSet.Create(new byte[4], [0, 0, 0, 0], 1, 1, 1)));
        Assert.Equal("", output.ToString());
        Assert.Contains("sample 3: certified 'dog' within 0.5, but is 'cat' at 0.25", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Estimates_are_shown_as_such_with_their_nearest_rival()
    {
        using var tool = new Tool();
        SaveModel(tool.File("m.pt"), body: 1);
        var run = await Tool.RunAsync(
            "lipschitz", "--model", tool.File("m.pt"), "--samples", "2", "--ascent-steps", "0", "--clever", "--clever-draws", "2",
            "--clever-batches", "3", "--clever-radius", "0.5", "--json", tool.File("l.json"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("CLEVER estimates, which certify nothing: 3 batches of 2 points within 0.5.", run.Output, StringComparison.Ordinal);
        Assert.Contains("0 of 18 pairs of sample and rival are fitted", run.Output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(tool.File("l.json")));
        var pairs = json.RootElement.GetProperty("clever_estimates").EnumerateArray().ToArray();
        Assert.Equal(18, pairs.Length);
        Assert.All(pairs, pair =>
        {
            Assert.Equal(pair.GetProperty("sample_maximum").GetDouble(), pair.GetProperty("estimate").GetDouble());
            Assert.Equal("few_maxima", pair.GetProperty("from").GetString());
            Assert.Equal(
                Math.Min(0.5, pair.GetProperty("margin").GetDouble() / pair.GetProperty("estimate").GetDouble()),
                pair.GetProperty("radius_estimate").GetDouble(),
                1e-12);
        });
    }

    [Theory]
    [InlineData("--clever-radius has no effect without --clever", "lipschitz", "--clever-radius", "1")]
    [InlineData("--clever estimates the constants around samples", "lipschitz", "--clever")]
    [InlineData("--attack-steps has no effect with --no-attack", "certify", "--no-attack", "--attack-steps", "3")]
    [InlineData("c.gif': expected a name that ends in .png or .svg.", "certify", "--plot", "c.gif")]
    public async Task Options_that_do_not_go_together_are_refused(string expected, params string[] args)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync([.. args, "--model", tool.File("m.pt")]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("abc", "--epsilon is 'abc'")]
    [InlineData("-1", "--epsilon is '-1'")]
    [InlineData("1/0", "--epsilon is '1/0'")]
    [InlineData("1/2/3", "--epsilon is '1/2/3'")]
    public async Task What_is_no_distance_is_refused(string epsilon, string expected)
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync("certify", "--model", tool.File("m.pt"), "--epsilon", epsilon);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lipschitz")]
    [InlineData("certify")]
    public async Task A_model_is_required(string command)
    {
        var run = await Tool.RunAsync(command);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--model", run.Error, StringComparison.Ordinal);
    }

    /// <summary>An untrained model whose residual bodies are multiplied,
    /// so that its bounds are small enough to certify something or not.</summary>
    private static void SaveModel(string path, double body)
    {
        manual_seed(81);
        using var model = new MarginModel(new ResNet18(new() { Width = 8 }), SyntheticShapes.ClassNames, (32, 32))
        {
            Training = { ["data"] = "synthetic" },
        };
        using (no_grad())
        {
            foreach (var (_, parameter) in model.Network.named_parameters()
                .Where(entry => entry.name.EndsWith("bn2.weight", StringComparison.Ordinal)))
            {
                parameter.mul_(body);
            }
        }

        model.Save(path);
    }
}

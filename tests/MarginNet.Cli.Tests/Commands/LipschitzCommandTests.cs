using System.Globalization;
using System.Text.Json;
using MarginNet.Certificates;
using MarginNet.Data;
using MarginNet.Lipschitz;
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
        var run = await Tool.RunAsync("lipschitz", "--model", tool.File("m.pt"), "--samples", "4", "--ascent-steps", "2", "--json", tool.File("l.json"));
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
        var run = await Tool.RunAsync("certify", "--model", tool.File("m.pt"), "--limit-test", "100", "--epsilon", "0.3/100", "1e-5", "--output", tool.File("c.csv"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = (await File.ReadAllLinesAsync(tool.File("c.csv"))).Skip(1).Select(line => line.Split(',')).ToArray();
        using var model = MarginModel.Load(tool.File("m.pt"));
        var images = SyntheticShapes.Create().Test.TakeBalanced(100);
        var radii = CertifiedRadius.Compute(model.Network.Score(images), LipschitzBounds.Compute(model.Network, new(3, 32, 32)));
        Assert.Equal(100, rows.Length);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(radii[i].Radius, double.Parse(rows[i][4], CultureInfo.InvariantCulture), 1e-4 * radii[i].Radius);
        }

        foreach (var (text, epsilon) in new[] { ("0.3/100", 0.003), ("1e-5", 1e-5) })
        {
            var count = CertifiedAccuracy.Compute(radii, images.Labels, epsilon).Count;
            Assert.Contains($"({count} of 100;", run.OutputLines.Single(line => line.StartsWith($"certified at {text} ", StringComparison.Ordinal)), StringComparison.Ordinal);
        }

        Assert.True(CertifiedAccuracy.Compute(radii, images.Labels, 1e-5).Count > 0);
        Assert.StartsWith("clean accuracy", run.OutputLines[0], StringComparison.Ordinal);
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

    /// <summary>An untrained model whose residual bodies are multiplied, so that its bounds are small enough to certify something or not.</summary>
    private static void SaveModel(string path, double body)
    {
        manual_seed(81);
        using var model = new MarginModel(new ResNet18(new() { Width = 8 }), SyntheticShapes.ClassNames, (32, 32)) { Training = { ["data"] = "synthetic" } };
        using (no_grad())
        {
            foreach (var (_, parameter) in model.Network.named_parameters().Where(entry => entry.name.EndsWith("bn2.weight", StringComparison.Ordinal)))
            {
                parameter.mul_(body);
            }
        }

        model.Save(path);
    }
}

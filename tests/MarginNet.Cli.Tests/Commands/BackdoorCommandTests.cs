using System.Globalization;
using System.Text.Json;
using MarginNet.Backdoors;
using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Tests.Commands;

public sealed class BackdoorCommandTests
{
    private static readonly string[] Short = ["--restarts", "2", "--steps", "8", "--seed", "3", "--step-size", "0.05", "-q"];

    [Fact]
    public async Task The_text_the_json_and_the_table_say_what_the_library_does()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var run = await Tool.RunAsync(
            ["backdoor", "--model", tool.File("m.pt"), .. Short, "--json", tool.File("b.json"), "--output", tool.File("b.csv")]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));

        using var model = MarginModel.Load(tool.File("m.pt"));
        var expected = MaximumMarginTest.Run(model.Network, 3, 32, 32, new() { Starts = 2, Steps = 8, Seed = 3, StepSize = 0.05 });
        var json = JsonDocument.Parse(File.ReadAllBytes(tool.File("b.json"))).RootElement;
        Assert.Equal(
            expected.Margins, json.GetProperty("classes").EnumerateArray().Select(own => own.GetProperty("margin").GetDouble()));
        Assert.Equal(model.ClassNames[expected.Suspect], json.GetProperty("suspect").GetString());
        Assert.Equal(expected.Outlier.Doubt, json.GetProperty("doubt").GetString());
        Assert.Equal(expected.Outlier.CalibratedPValue <= 0.05 ? "suspected" : expected.Outlier.Doubt is null ? "not_suspected" : "no_null",
            json.GetProperty("verdict").GetString());
        var rows = File.ReadLines(tool.File("b.csv")).Select(line => line.Split(',')).ToArray();
        Assert.Equal(["class", "margin", "upper_tail", "suspected"], rows[0]);
        Assert.Equal(model.ClassNames, rows[1..].Select(row => row[0]));
        Assert.All(rows[1..].Zip(expected.Margins), pair => Assert.Equal(
            pair.Second, double.Parse(pair.First[1], CultureInfo.InvariantCulture), 1e-6 * Math.Abs(pair.Second)));
        Assert.Contains("verdict", run.Output, StringComparison.Ordinal);
        Assert.Contains(expected.Margins.Max().ToString("g5", CultureInfo.InvariantCulture), run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_classes_get_no_verdict_and_are_told_why_in_a_line()
    {
        using var tool = new Tool();
        using (var model = new MarginModel(new FastNet(new() { Width = 4, ClassCount = 3 }), ["a", "b", "c"], (32, 32)))
        {
            model.Save(tool.File("three.pt"));
        }

        var run = await Tool.RunAsync(["backdoor", "--model", tool.File("three.pt"), .. Short]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("margins above 0 are too few", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("published p", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repaired_model_is_one_for_every_command_and_keeps_the_decisions_that_it_is_said_to_keep()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        string[] data = ["--data", "synthetic", "--limit-test", "40"];
        var run = await Tool.RunAsync(
            ["backdoor", "--model", tool.File("m.pt"), .. Short, .. data, "--repair", tool.File("r.pt"), "--json", tool.File("b.json")]);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains("decisions kept", run.Output, StringComparison.Ordinal);
        var repair = JsonDocument.Parse(File.ReadAllBytes(tool.File("b.json"))).RootElement.GetProperty("repair");

        using var model = MarginModel.Load(tool.File("m.pt"));
        using var repaired = MarginModel.Load(tool.File("r.pt"));
        Assert.Equal(model.ClassNames.AsEnumerable(), repaired.ClassNames);
        Assert.Null(repaired.NullModel);
        var clean = SyntheticShapes.Create(0, 2000).Test.TakeBalanced(40);
        var kept = model.Score(clean).Decisions().Item1.Zip(repaired.Score(clean).Decisions().Item1)
            .Average(pair => pair.First == pair.Second ? 1.0 : 0.0);
        Assert.Equal(kept, repair.GetProperty("kept").GetDouble(), 1e-9);
        Assert.InRange(kept, 0.95, 1);
        foreach (var command in new[] { "evaluate", "calibrate" })
        {
            Assert.Equal(0, (await Tool.RunAsync([command, "--model", tool.File("r.pt"), .. data, "-q"])).ExitCode);
        }
    }

    [Theory]
    [InlineData("--repair needs clean images: give --data folder --data-dir DIR", "--repair", "r.pt")]
    [InlineData("--data is for --repair: give --repair FILE, or leave it out", "--data", "synthetic")]
    [InlineData("--output is 'b.txt': expected a name that ends in .csv.", "--output", "b.txt")]
    [InlineData("--alpha is '1': expected a number between 0 and 1.", "--alpha", "1")]
    [InlineData("'none.pt' does not exist")]
    public async Task A_mistake_is_one_line(string expected, params string[] options)
    {
        var run = await Tool.RunAsync(["backdoor", "--model", "none.pt", .. options]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }
}

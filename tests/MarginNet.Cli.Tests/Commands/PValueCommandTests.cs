using System.Globalization;
using System.Text.Json;
using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Commands;

public sealed class PValueCommandTests
{
    private const string Header = "index,true,predicted,margin,log_margin,p_formula,p_lower,flagged";

    [Fact]
    public async Task Every_test_sample_gets_a_row_whose_figures_agree_with_each_other()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "100");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(Header, run.OutputLines[0]);
        Assert.Equal(101, run.OutputLines.Length);
        for (var i = 0; i < 100; i++)
        {
            var fields = run.OutputLines[i + 1].Split(',');
            var (margin, log, formula, lower) = (Number(fields[3]), Number(fields[4]), Number(fields[5]), Number(fields[6]));
            Assert.Equal(i, Number(fields[0]));
            Assert.Contains(fields[1], SyntheticShapes.ClassNames);
            Assert.Contains(fields[2], SyntheticShapes.ClassNames);
            Assert.Equal(Math.Log(margin), log, 1e-6);
            Assert.InRange(formula, 0, 0.5);
            Assert.InRange(lower, 0, 1);
            Assert.Equal(lower <= 0.05 ? "true" : "false", fields[7]);
        }

        Assert.Contains(" of 100 samples flagged: p (lower tail) <= 0.05.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_an_output_file_the_table_goes_there_and_the_summary_to_standard_output()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        string[] command =
        [
            "pvalue", "--model", tool.File("m.pt"), "--limit-test", "40", "--alpha", "0.2", "--tail", "two-sided", "--output",
        ];
        var csv = await Tool.RunAsync([.. command, tool.File("p.csv")]);
        var json = await Tool.RunAsync([.. command, tool.File("p.json")]);
        Assert.Equal(csv.Output, json.Output);
        Assert.Contains("predicted class", csv.Output, StringComparison.Ordinal);
        var rows = File.ReadAllLines(tool.File("p.csv"))[1..].Select(line => line.Split(',')).ToArray();
        using var document = JsonDocument.Parse(File.ReadAllBytes(tool.File("p.json")));
        Assert.Equal("two-sided", document.RootElement.GetProperty("tail").GetString());
        var samples = document.RootElement.GetProperty("samples").EnumerateArray().ToArray();
        Assert.Equal(40, samples.Length);
        foreach (var (row, sample) in rows.Zip(samples))
        {
            Assert.Equal(row[2], sample.GetProperty("predicted").GetString());
            Assert.Equal(Number(row[6]), sample.GetProperty("p_lower").GetDouble(), 1e-8);
            Assert.Equal(Number(row[7]), sample.GetProperty("p_two_sided").GetDouble(), 1e-8);
            Assert.Equal(row[8], sample.GetProperty("flagged").GetRawText());
        }
    }

    [Theory]
    [InlineData("formula", 5)]
    [InlineData("two-sided", 7)]
    [InlineData("mixture", 7)]
    [InlineData("lower", 6)]
    public async Task The_tail_decides_what_is_flagged(string tail, int column)
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "100", "--alpha", "0.1", "--tail", tail);
        var rows = run.OutputLines[1..].Select(line => line.Split(',')).ToArray();
        Assert.All(rows, row => Assert.Equal(Number(row[column]) <= 0.1 ? "true" : "false", row[^1]));
        Assert.Equal(2, rows.Select(row => row[^1]).Distinct().Count());
    }

    [Fact]
    public async Task Loose_images_have_no_true_class()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        WriteShape(tool.File("shape.png"), 0);
        var drawn = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "1");
        var read = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--images", tool.File("shape.png"), tool.File("shape.png"));
        var expected = drawn.OutputLines[1].Split(',');
        Assert.Equal(3, read.OutputLines.Length);
        Assert.Equal("", read.OutputLines[1].Split(',')[1]);
        Assert.Equal(expected[2], read.OutputLines[1].Split(',')[2]);
        Assert.Equal(Number(expected[3]), Number(read.OutputLines[1].Split(',')[3]), 1e-4);
    }

    [Fact]
    public async Task Images_of_a_folder_are_scored_at_the_size_the_model_was_trained_on()
    {
        using var tool = new Tool();
        for (var i = 0; i < 30; i++)
        {
            var folder = tool.File($"{(i < 20 ? "train" : "test")}/{SyntheticShapes.ClassNames[i % 10]}");
            Directory.CreateDirectory(folder);
            WriteShape(Path.Combine(folder, $"{i}.png"), i);
        }

        string[] data = ["--data", "folder", "--data-dir", Path.GetDirectoryName(tool.File("x"))!];
        var train = await tool.TrainAsync("m.pt", [.. data, "--image-size", "16", "--loss", "cross-entropy", "--epochs", "5"]);
        Assert.Equal("", string.Join('\n', train.Error.Split('\n').Where(line => line.StartsWith("marginnet:", StringComparison.Ordinal))));
        string[] score = ["pvalue", "--model", tool.File("m.pt"), .. data];
        var byModel = await Tool.RunAsync(score);
        Assert.Equal(0, byModel.ExitCode);
        Assert.Equal((await Tool.RunAsync([.. score, "--image-size", "16"])).Output, byModel.Output);
        var other = await Tool.RunAsync([.. score, "--image-size", "32"]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("takes images of 16x16, but the data has 32x32", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_training_split_is_scored_on_request()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--split", "train", "--limit-train", "70");
        Assert.Equal(71, run.OutputLines.Length);
    }

    [Fact]
    public async Task A_foreign_or_damaged_model_or_other_classes_are_refused_in_one_line()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var bytes = File.ReadAllBytes(tool.File("m.pt"));
        File.WriteAllBytes(tool.File("cut.pt"), bytes[..(bytes.Length / 2)]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(tool.File("flipped.pt"), bytes);
        File.WriteAllText(tool.File("text.pt"), "no model");
        foreach (var name in new[] { "cut.pt", "flipped.pt", "text.pt" })
        {
            var run = await Tool.RunAsync("pvalue", "--model", tool.File(name));
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(name, run.Error, StringComparison.Ordinal);
            Assert.Single(run.Error.TrimEnd().Split('\n'));
        }

        WriteCifar(tool);
        var other = await Tool.RunAsync(
            "pvalue", "--model", tool.File("m.pt"), "--data", "cifar10", "--data-dir", Path.GetDirectoryName(tool.File("x"))!);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains(
            "has 10 classes (arrow, crescent, cross, ...), but the data 'cifar10' has 10 classes (airplane",
            other.Error,
            StringComparison.Ordinal);
    }

    /// <summary>Writes the drawn test image of an index as a PNG file.</summary>
    private static void WriteShape(string path, int index)
    {
        var image = SyntheticShapes.Create(0, index + 1).Test.Pixels(index).ToArray();
        var interleaved = Enumerable.Range(0, 32 * 32 * 3).Select(i => image[(i % 3 * 1024) + (i / 3)]).ToArray();
        using var file = File.Create(path);
        new ImageWriter().WritePng(interleaved, 32, 32, ColorComponents.RedGreenBlue, file);
    }

    private static void WriteCifar(Tool tool)
    {
        foreach (var name in Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin").Append("test_batch.bin"))
        {
            File.WriteAllBytes(tool.File(name), new byte[3073]);
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.ModelFiles;
using MarginNet.Models;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>Pictures in folders, and arrays, of other shapes and channels than the usual.</summary>
public sealed class PictureTests
{
    private const int PerClass = 20;

    /// <summary>Two classes, dark and bright, of pictures twice as wide as high.</summary>
    private static void WriteFolder(Tool tool, ColorComponents components = ColorComponents.RedGreenBlue)
    {
        var random = new Random(1);
        foreach (var (folder, name, level) in new[]
        {
            ("train", "bright", 150), ("train", "dark", 0), ("test", "bright", 150), ("test", "dark", 0),
        })
        {
            var path = Directory.CreateDirectory(Path.Combine(tool.File("pets"), folder, name)).FullName;
            for (var i = 0; i < PerClass; i++)
            {
                var pixels = new byte[8 * 16 * (int)components];
                for (var p = 0; p < pixels.Length; p++)
                {
                    pixels[p] = (byte)(level + random.Next(100));
                }

                using var file = File.Create(Path.Combine(path, $"{i:00}.png"));
                new ImageWriter().WritePng(pixels, 16, 8, components, file);
            }
        }
    }

    private static Task<ToolRun> TrainAsync(Tool tool, params string[] more) => Tool.RunAsync(
        ["train", "--data", "folder", "--data-dir", tool.File("pets"), "--image-size", "8", "--width", "2", "--epochs", "8", "--batch-size", "8", "--lr", "1e-2",
            "--loss", "shifted-softmax", "--mu", "50", "--out", tool.File("m.pt"), "-q", .. more]);

    private static MarginModel SaveModel(string path, int channels)
    {
        TorchSharp.torch.manual_seed(1);
        double[] zeros = new double[channels], ones = [.. Enumerable.Repeat(1.0, channels)];
        var model = new MarginModel(
            new ResNet18(new() { Width = 2, ClassCount = 2, Normalization = new([.. zeros], [.. ones]) }), ["bright", "dark"], (8, 8));
        model.Save(path);
        return model;
    }

    [Fact]
    public async Task Every_row_has_the_number_and_the_file_of_its_image_in_the_whole_data_set()
    {
        using var tool = new Tool();
        WriteFolder(tool);
        var train = await TrainAsync(tool, "--limit-train", "24", "--calibration-split", "0.25");
        Assert.Equal(0, train.ExitCode);
        string[] inOrder = [.. Directory.GetFiles(Path.Combine(tool.File("pets"), "train"), "*.png", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)];
        var violations = (await File.ReadAllLinesAsync(tool.File("m.violations.csv")))[1..].Select(line => line.Split(',')).ToArray();
        Assert.Equal(18, violations.Length); // μ = 50 is out of reach.
        Assert.All(violations, row => Assert.Equal(inOrder[int.Parse(row[0], null)], row[5]));
        Assert.All(violations, row => Assert.Contains(
            $"{Path.DirectorySeparatorChar}{row[1]}{Path.DirectorySeparatorChar}", row[5], StringComparison.Ordinal));
        var worst = train.OutputLines.Single(line => line.StartsWith("furthest below", StringComparison.Ordinal));
        Assert.Contains($"#{violations[0][0]} ({violations[0][5]})", worst, StringComparison.Ordinal);

        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "6", "--json", "-");
        using var json = JsonDocument.Parse(run.Output);
        var samples = json.RootElement.GetProperty("samples").EnumerateArray().ToArray();
        Assert.Equal([0, 1, 2, PerClass, PerClass + 1, PerClass + 2], samples.Select(sample => sample.GetProperty("index").GetInt32()));
        Assert.EndsWith(Path.Combine("test", "dark", "01.png"), samples[4].GetProperty("file").GetString(), StringComparison.Ordinal);
        var csv = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--limit-test", "6", "-q");
        Assert.EndsWith(",file", csv.OutputLines[0], StringComparison.Ordinal);
        Assert.Contains(",dark,", csv.OutputLines[4], StringComparison.Ordinal);
        Assert.StartsWith($"{PerClass},", csv.OutputLines[4], StringComparison.Ordinal);
        var loose = await Tool.RunAsync(
            "pvalue", "--model", tool.File("m.pt"), "--images", inOrder[3], Path.Combine(tool.File("pets"), "test", "dark"), "-q");
        Assert.Equal(1 + 1 + PerClass, loose.OutputLines.Length);
        Assert.EndsWith(inOrder[3], loose.OutputLines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_model_knows_its_folder_and_how_many_of_its_images_it_was_trained_on()
    {
        using var tool = new Tool();
        WriteFolder(tool);
        Assert.Equal(0, (await TrainAsync(tool, "--limit-train", "24", "--calibration-split", "0.25")).ExitCode);
        string[] model = ["calibrate", "--model", tool.File("m.pt")];
        var heldOut = await Tool.RunAsync([.. model]);
        Assert.Equal(0, heldOut.ExitCode);
        Assert.Contains("of 6 samples kept out of training", heldOut.Output, StringComparison.Ordinal);
        Assert.Contains($"note: --data-dir {tool.File("pets")}, as in training.", heldOut.Error, StringComparison.Ordinal);
        Assert.Contains("note: --limit-train 24 of 40 images, as in training.", heldOut.Error, StringComparison.Ordinal);
        var test = await Tool.RunAsync([.. model, "--split", "test"]);
        Assert.Equal(0, test.ExitCode);
        Assert.Contains("of 40 samples", test.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("--limit-train", test.Error, StringComparison.Ordinal);
        var others = await Tool.RunAsync([.. model, "--limit-train", "30"]);
        Assert.Equal(2, others.ExitCode);
        Assert.Contains("trained on 18 images with 6 kept out, but the data has 30", others.Error, StringComparison.Ordinal);
        Assert.Contains("without --limit-train", others.Error, StringComparison.Ordinal);
        var evaluated = await Tool.RunAsync("evaluate", "--model", tool.File("m.pt"), "--split", "train");
        Assert.Contains("of 24 =", evaluated.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_model_remembers_how_pictures_were_resized()
    {
        using var tool = new Tool();
        WriteFolder(tool);
        Assert.Equal(0, (await TrainAsync(tool, "--resize", "crop")).ExitCode);
        var picture = Path.Combine(tool.File("pets"), "test", "dark", "00.png");
        async Task<string> ScoreAsync(params string[] more) =>
            (await Tool.RunAsync(["pvalue", "--model", tool.File("m.pt"), "--images", picture, "-q", .. more])).Output;
        var (remembered, crop) = (await ScoreAsync(), await ScoreAsync("--resize", "crop"));
        var (pad, stretch) = (await ScoreAsync("--resize", "pad"), await ScoreAsync("--resize", "stretch"));
        Assert.Equal(crop, remembered);
        Assert.Equal(3, new[] { crop, pad, stretch }.Distinct().Count());
        var calibrated = await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--split", "test", "--resize", "pad");
        Assert.Equal(0, calibrated.ExitCode);
        Assert.Equal(await ScoreAsync("--resize", "pad"), await ScoreAsync());
        var idle = await tool.TrainAsync("s.pt", "--resize", "crop");
        Assert.Contains("--resize is for picture files, but the data is synthetic", idle.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_calibration_beside_a_foreign_model_remembers_how_pictures_were_resized()
    {
        using var tool = new Tool();
        WriteFolder(tool);
        using (var model = SaveModel(tool.File("own.pt"), 3))
        {
            MarginNet.Export.ModelExport.ToStateDict(model, tool.File("theirs.pt"), MarginNet.Export.WeightNames.PytorchCifar);
        }

        string[] foreign = ["--model", tool.File("theirs.pt"), "--input-size", "8"];
        var calibrated = await Tool.RunAsync(
            ["calibrate", .. foreign, "--data", "folder", "--data-dir", tool.File("pets"), "--split", "test", "--resize", "crop"]);
        Assert.Equal(0, calibrated.ExitCode);
        var picture = Path.Combine(tool.File("pets"), "test", "dark", "00.png");
        async Task<string> ScoreAsync(params string[] more) =>
            (await Tool.RunAsync(["pvalue", .. foreign, "--images", picture, "-q", .. more])).Output;
        Assert.Equal(await ScoreAsync("--resize", "crop"), await ScoreAsync());
        Assert.NotEqual(await ScoreAsync("--resize", "stretch"), await ScoreAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task A_model_of_other_channels_is_trained_attacked_and_scored_on_pictures(int channels)
    {
        using var tool = new Tool();
        WriteFolder(tool, ColorComponents.RedGreenBlueAlpha);
        Assert.Equal(0, (await TrainAsync(tool, "--channels", $"{channels}")).ExitCode);
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            Assert.Equal(channels, model.Channels);
        }

        foreach (var command in new[] { "evaluate", "pvalue" })
        {
            Assert.Equal(0, (await Tool.RunAsync(command, "--model", tool.File("m.pt"))).ExitCode);
        }

        var attacked = await Tool.RunAsync("attack", "--surrogate", tool.File("m.pt"), "--limit-test", "4", "--out", tool.File("a.npy"));
        Assert.Equal(0, attacked.ExitCode);
        Assert.Equal(channels, ImageArray.Read(tool.File("a.npy")).Channels);
        Assert.Equal(0, (await Tool.RunAsync("evaluate", "--model", tool.File("m.pt"), "--images", tool.File("a.npy"))).ExitCode);
        Assert.Equal(
            0,
            (await Tool.RunAsync(
                "detect", "--model", tool.File("m.pt"), "--ood", Path.Combine(tool.File("pets"), "test", "dark"))).ExitCode);
        var init = await Tool.RunAsync(
            "train", "--data", "folder", "--data-dir", tool.File("pets"), "--image-size", "8", "--init", tool.File("m.pt"), "--out",
            tool.File("n.pt"));
        Assert.Equal(2, init.ExitCode);
        Assert.Contains($"give --channels {channels}", init.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arrays_are_read_in_either_order_and_refused_in_one_line_where_they_are_not_the_models()
    {
        using var tool = new Tool();
        SaveModel(tool.File("grey.pt"), 1).Dispose();
        SaveModel(tool.File("rgb.pt"), 3).Dispose();
        SaveModel(tool.File("five.pt"), 5).Dispose();
        var random = new Random(1);
        float[] Pixels(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
        var last = new ImageArray(Pixels(4 * 8 * 8 * 3), 8, 8, 3); // [4, 8, 8, 3]
        last.Save(tool.File("last.npy"));
        last.FromChannelsLast().Save(tool.File("first.npy"));
        var grey = new ImageArray(Pixels(4 * 8 * 8), 1, 8, 8);
        grey.Save(tool.File("grey.npy"));
        grey.RepeatChannel(3).Save(tool.File("repeated.npy"));
        ArrayFile.WriteLabels(tool.File("y.npy"), [0, 1, 0, 1]);
        Task<ToolRun> EvaluateAsync(string model, string images) =>
            Tool.RunAsync(
                "evaluate", "--model", tool.File(model), "--images", tool.File(images), "--labels", tool.File("y.npy"), "--json", "-");
        static string Figures(ToolRun run) => run.Output[run.Output.IndexOf("\"count\"", StringComparison.Ordinal)..];

        var (byLast, byFirst) = (await EvaluateAsync("rgb.pt", "last.npy"), await EvaluateAsync("rgb.pt", "first.npy"));
        Assert.Equal(Figures(byFirst), Figures(byLast));
        Assert.Contains("channels last", byLast.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("note", byFirst.Error, StringComparison.Ordinal);
        var (ofGrey, ofRepeated) = (await EvaluateAsync("rgb.pt", "grey.npy"), await EvaluateAsync("rgb.pt", "repeated.npy"));
        Assert.Equal(Figures(ofRepeated), Figures(ofGrey));
        Assert.Contains("are grey", ofGrey.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await EvaluateAsync("grey.pt", "grey.npy")).ExitCode);

        foreach (var (model, images, text) in new[]
        {
            ("grey.pt", "first.npy", "3x8x8, but the model takes 1x8x8"),
            ("five.pt", "first.npy", "3x8x8, but the model takes 5x8x8"),
        })
        {
            var run = await EvaluateAsync(model, images);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains(text, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }

        WriteFolder(tool);
        var folder = await Tool.RunAsync("evaluate", "--model", tool.File("five.pt"), "--data", "folder", "--data-dir", tool.File("pets"));
        Assert.Equal(2, folder.ExitCode);
        Assert.Contains(
            "5 channels, but picture files have 1, 3 or 4", Assert.Single(folder.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        Assert.Equal(
            0,
            (await Tool.RunAsync(
                "evaluate", "--model", tool.File("grey.pt"), "--data", "folder", "--data-dir", tool.File("pets"))).ExitCode);
    }
}

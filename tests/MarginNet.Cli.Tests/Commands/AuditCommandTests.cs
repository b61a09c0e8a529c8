using System.Globalization;
using System.Text.Json;
using MarginNet.Arrays;
using MarginNet.Cli.Output;
using MarginNet.ModelFiles;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Commands;

public sealed class AuditCommandTests
{
    private const int PerClass = 40;
    private static readonly string[] Classes = ["bright", "dark"];

    private static readonly string[] Quick =
    [
        "--image-size", "8", "--arch", "resnet18", "--width", "2", "--epochs", "6", "--batch-size", "8", "--lr", "2e-2",
        "--loss", "shifted-softmax", "--mu", "5", "--temperature", "1", "--optimizer", "adam", "--quiet",
    ];

    /// <summary>Two classes of noise, dark and bright; train/bright/00 is dark, 01 its copy in the test images, 02 of one colour.</summary>
    private static string WriteFolder(Tool tool)
    {
        var random = new Random(1);
        byte[] Draw(string name) => [.. Enumerable.Range(0, 192).Select(_ => (byte)((name == "dark" ? 0 : 150) + random.Next(100)))];
        void Write(byte[] pixels, params string[] path)
        {
            var file = Path.Combine([tool.File("pets"), .. path]);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using var stream = File.Create(file);
            new ImageWriter().WritePng(pixels, 8, 8, ColorComponents.RedGreenBlue, stream);
        }

        foreach (var (part, name) in new[] { ("train", "bright"), ("train", "dark"), ("test", "bright"), ("test", "dark") })
        {
            for (var i = 0; i < (part == "train" ? PerClass : 5); i++)
            {
                Write(Draw(name), part, name, $"{i:00}.png");
            }
        }

        Write(Draw("dark"), "train", "bright", "00.png");
        var copied = Draw("dark");
        Write(copied, "train", "bright", "01.png");
        Write(copied, "test", "dark", "00.png");
        Write([.. Enumerable.Repeat((byte)200, 192)], "train", "bright", "02.png");
        return tool.File("pets");
    }

    private static Task<ToolRun> AuditAsync(Tool tool, string folder, params string[] more) => Tool.RunAsync(
        ["audit", "--data", "folder", "--data-dir", folder, .. Quick, "--out", tool.File("audit"), .. more]);

    private static string[][] Rows(string path) => [.. File.ReadLines(path).Select(Csv.Fields)];

    private static string[] Column(string[][] rows, string name) =>
        [.. rows.Skip(1).Select(row => row[Array.IndexOf(rows[0], name)])];

    [Fact]
    public async Task It_trains_and_ranks_wrong_labels_first_and_names_copies_and_single_colours()
    {
        using var tool = new Tool();
        var folder = WriteFolder(tool);
        var run = await AuditAsync(tool, folder, "--passes", "1", "--flag", "0.025");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = Rows(tool.File("audit/audit.csv"));
        Assert.Equal(
            ["index", "given", "suggested", "statistic", "p_right", "p_value", "p_adjusted", "rank", "flagged", "reason", "file"], rows[0]);
        Assert.Equal(2 * PerClass, rows.Length - 1);
        Assert.Equal(Enumerable.Range(0, 2 * PerClass).Select(i => $"{i}"), Column(rows, "index"));
        int[] flagged = [.. Column(rows, "flagged").Index().Where(one => one.Item == "true").Select(one => one.Index)];
        Assert.Equal([0, 1], flagged); // 0.025 of 80; both are dark and called bright.
        Assert.All(flagged, i => Assert.Equal(("bright", "dark"), (Column(rows, "given")[i], Column(rows, "suggested")[i])));
        var reasons = Column(rows, "reason");
        Assert.Equal("looks like dark", reasons[0]);
        Assert.Equal($"looks like dark; the same as {Path.Combine(folder, "test", "dark", "00.png")}, labelled dark", reasons[1]);
        Assert.Equal("one colour", reasons[2]);
        Assert.Equal(Path.Combine(folder, "train", "bright", "01.png"), Column(rows, "file")[1]);

        var pairs = Rows(tool.File("audit/duplicates.csv"));
        Assert.Equal(
            ["train", "1", "bright", "test", "5", "dark", "exact", "0", "other"], Assert.Single(pairs.Skip(1))[..9]);
        var json = JsonDocument.Parse(File.ReadAllBytes(tool.File("audit/audit.json"))).RootElement;
        Assert.Equal(2, json.GetProperty("flagged").GetInt32());
        Assert.Equal(1, json.GetProperty("duplicates").GetProperty("train_and_test").GetInt32());
        Assert.Equal([0, 2], json.GetProperty("classes")[0].GetProperty("flagged_as").EnumerateArray().Select(count => count.GetInt32()));
        // The page has the suspects and the pair as pictures, and needs nothing else.
        var page = File.ReadAllText(tool.File("audit/audit.html"));
        Assert.Contains("typical dark", page, StringComparison.Ordinal);
        Assert.Contains($"alt=\"{Path.Combine(folder, "train", "bright", "01.png")}\"", page, StringComparison.Ordinal);
        Assert.True(page.Split("data:image/png;base64,").Length > 2 * 20, "Pictures are missing.");
        Assert.DoesNotContain("http", page, StringComparison.Ordinal);

        Assert.Contains("80 samples, and a model needs 200", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 the same and 0 nearly; 1 with another label, 1 of training and test", run.Output, StringComparison.Ordinal);

        // What was recorded is audited again, without training, to the same ranks.
        var again = await Tool.RunAsync(
            "audit", "--margins", tool.File("audit/margins.npy"), "--labels", tool.File("audit/labels.npy"), "--out", tool.File("again"));
        Assert.Equal(0, again.ExitCode);
        Assert.Equal(Column(rows, "rank"), Column(Rows(tool.File("again/audit.csv")), "rank"));
        Assert.Equal((6, 2 * PerClass), Shape(tool.File("audit/margins.npy")));

        // And acted upon.
        string[] train = ["train", "--data", "folder", "--data-dir", folder, .. Quick[..^1], "--out", tool.File("m.pt")];
        var dropped = await Tool.RunAsync([.. train, "--drop", tool.File("audit/audit.csv")]);
        Assert.Equal(0, dropped.ExitCode);
        Assert.Contains("2 of 80 training images are left out.", dropped.Error, StringComparison.Ordinal);
        Assert.Equal((78L, 2L), TrainedOn(tool.File("m.pt")));
        Assert.Contains("audit.csv", File.ReadAllText(tool.File("m.config.json")), StringComparison.Ordinal);
        var relabelled = await Tool.RunAsync([.. train, "--relabel", tool.File("audit/audit.csv"), "--audit", tool.File("after.csv")]);
        Assert.Equal(0, relabelled.ExitCode);
        Assert.Equal((80L, 0L), TrainedOn(tool.File("m.pt")));
        Assert.Equal(["dark", "dark", "bright"], Column(Rows(tool.File("after.csv")), "given")[..3]);

        // Of other labels it is refused.
        var refused = await Tool.RunAsync([.. train, "--drop", tool.File("after.csv")]);
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("has image 0 labelled dark, but it is labelled bright", refused.Error, StringComparison.Ordinal);
        refused = await Tool.RunAsync([.. train, "--limit-train", "40", "--drop", tool.File("audit/audit.csv")]);
        Assert.Contains("is of 80 images, but there are 40 to train on", refused.Error, StringComparison.Ordinal);
        refused = await Tool.RunAsync([.. train, "--drop", tool.File("after.csv"), "--relabel", tool.File("after.csv")]);
        Assert.Contains("--drop and --relabel are both given", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labels_of_a_table_take_the_place_of_the_folders()
    {
        using var tool = new Tool();
        var folder = WriteFolder(tool);
        var table = tool.File("labels.csv");
        File.WriteAllLines(table, ["image,label,human", .. Classes.SelectMany(name => Enumerable.Range(0, PerClass).Select(i =>
            $"train/{name}/{i:00}.png,{name},{(name == "dark" && i == 7 ? "bright" : name)}"))]);
        var run = await AuditAsync(tool, folder, "--labels-file", $"{table}:human", "--folds", "2", "--flag", "0.05");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var rows = Rows(tool.File("audit/audit.csv"));
        Assert.Equal("bright", Column(rows, "given")[PerClass + 7]);
        Assert.Equal((2 * PerClass, 2), Shape(tool.File("audit/out-of-fold.npy")));
        Assert.Contains("ranked by the out-of-fold margin", run.Output, StringComparison.Ordinal);

        foreach (var (lines, expected) in new[]
        {
            (new[] { "image,label", "train/bright/00.png,bright" }, "has no row of training image"),
            (["image,label", "train/bright/00.png,green"], "row 1 has the label 'green', which is no class: expected bright, dark."),
            (["image,label", "a.png,bright", "a.png,dark"], "has two rows of 'a.png'"),
            (["image,class", "a.png,bright"], "has no column 'label', only image, class."),
            (["name,label", "a.png,bright"], "expected a column 'file' or 'index'."),
            (["image,label"], "has no rows"),
            (["image,label", "a.png"], "row 1 has 1 fields, but the header has 2."),
        })
        {
            File.WriteAllLines(table, lines);
            var refused = await AuditAsync(tool, folder, "--labels-file", table);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(expected, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Logits_of_any_framework_are_audited_without_images()
    {
        using var tool = new Tool();
        var random = new Random(1);
        int[] classes = [.. Enumerable.Range(0, 600).Select(i => i % 3)];
        int[] labels = [.. classes.Select((c, i) => i % 10 == 0 ? (c + 1) % 3 : c)];
        File.WriteAllLines(tool.File("logits.csv"), classes.Select(c => string.Join(',', Enumerable.Range(0, 3).Select(j =>
            ((j == c ? 9 : 0) + (4 * random.NextDouble())).ToString("r", CultureInfo.InvariantCulture)))));
        ArrayFile.WriteLabels(tool.File("y.npy"), labels);
        var run = await Tool.RunAsync(
            "audit", "--logits", tool.File("logits.csv"), "--labels", tool.File("y.npy"), "--out", tool.File("audit"), "--json", "-");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        var json = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(0.1, json.GetProperty("wrong_share").GetDouble(), 0.02);
        Assert.Equal("OutOfFold", json.GetProperty("statistic").GetString());
        var rows = Rows(tool.File("audit/audit.csv"));
        int[] flagged = [.. Column(rows, "flagged").Index().Where(one => one.Item == "true").Select(one => one.Index)];
        Assert.Empty(Enumerable.Range(0, 60).Select(i => 10 * i).Except(flagged));
        Assert.InRange(flagged.Length, 60, 70);
        Assert.Contains("the scores came from a file", File.ReadAllText(tool.File("audit/audit.html")), StringComparison.Ordinal);
        Assert.Equal(classes.Select(c => $"{c}"), Column(rows, "suggested"));

        foreach (var (more, expected) in new[]
        {
            (new[] { "--statistic", "dual-weight" }, "--statistic dual-weight: The statistic DualWeight needs dual weights"),
            (["--epochs", "3"], "--epochs does not go with --logits"),
            (["--margins", tool.File("logits.csv")], "--margins and --logits are all given"),
            (["--flag", "0.1", "--alpha", "0.2"], "--flag takes the place of --alpha"),
        })
        {
            var refused = await Tool.RunAsync(
                ["audit", "--logits", tool.File("logits.csv"), "--labels", tool.File("y.npy"), "--out", tool.File("audit"), .. more]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(expected, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_trained_model_judges_without_training()
    {
        using var tool = new Tool();
        var folder = WriteFolder(tool);
        await Tool.RunAsync(["train", "--data", "folder", "--data-dir", folder, .. Quick, "--out", tool.File("m.pt")]);
        var run = await Tool.RunAsync(
            "audit", "--model", tool.File("m.pt"), "--data-dir", folder, "--out", tool.File("audit"), "--flag", "0.025");
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(80, Rows(tool.File("audit/audit.csv")).Length - 1);
        Assert.Contains("ranked by the margin of the trained network", run.Output, StringComparison.Ordinal);
        var refused = await Tool.RunAsync("audit", "--model", tool.File("m.pt"), "--epochs", "3", "--out", tool.File("audit"));
        Assert.Contains("--epochs is for training", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData("audit", "--out", "audit", "audit/audit.csv", "audit/margins.npy", "audit/second-scores.npy")]
    [InlineData("train", "--audit", "audit.csv", "audit.csv")]
    public async Task Killed_and_resumed_it_says_what_it_would_have_said(string command, string option, string output, params string[] files)
    {
        string[] Arguments(Tool tool) =>
        [
            command, "--data", "synthetic", "--limit-train", "100", "--limit-test", "20", "--width", "4", "--epochs", "4", option, tool.File(output),
            .. command == "train" ? ["--out", tool.File("m.pt")] : Array.Empty<string>(),
        ];
        using var whole = new Tool();
        Assert.Equal(0, (await Tool.RunAsync(Arguments(whole))).ExitCode);
        using var ended = new Tool();
        string[] resume = [.. Arguments(ended), "--checkpoint-every", "1", "--resume"];
        using (var process = ToolProcess.Start(resume))
        {
            for (var lines = Random.Shared.Next(2, command == "audit" ? 8 : 4); lines > 0; lines--)
            {
                await process.StandardError.ReadLineAsync();
            }

            await process.SignalAsync("KILL");
            await process.WaitForExitAsync();
        }

        Assert.Equal(0, (await Tool.RunAsync(resume)).ExitCode);
        Assert.All(files, name => Assert.Equal(File.ReadAllBytes(whole.File(name)), File.ReadAllBytes(ended.File(name))));
        if (command == "audit") // By two passes, and so killed in either.
        {
            Assert.Contains("\"TwoPassMargin\"", File.ReadAllText(ended.File("audit/audit.json")), StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(ended.File(files[0]))!, "*.resume.pt"));
    }

    [Fact]
    public async Task What_is_refused_leaves_no_folder()
    {
        using var tool = new Tool();
        foreach (var wrong in (string[][])[["--folds", "2", "--resume"], ["--model", "none.pt"], ["--margins", "none.npy"]])
        {
            var refused = await Tool.RunAsync(["audit", "--data", "synthetic", .. wrong, "--out", tool.File("audit")]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Single(refused.ErrorLines);
            Assert.False(Directory.Exists(tool.File("audit")));
        }
    }

    private static (int, int) Shape(string path)
    {
        var array = ArrayFile.Read(path);
        return (array.Rows, array.Columns);
    }

    private static (long Trained, long Dropped) TrainedOn(string path)
    {
        using var model = MarginModel.Load(path);
        return ((long)model.Training["train_count"]!, (long)model.Training["dropped_count"]!);
    }
}

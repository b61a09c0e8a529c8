using System.Security.Cryptography;
using System.Text.RegularExpressions;
using MarginNet.Cli.Sharding;
using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.Cli.Tests.Sharding;

/// <summary>Whether a command that was run in shards ends as if it had been run at once, byte for byte.</summary>
public sealed class MergeTests
{
    private const int Count = 400; // Four batches, so that of seven shards some are empty.
    private const string M = "{m}"; // The model.
    private const string F = "{f}"; // The folder of the outputs.

    private static readonly Lazy<ImageSet> Shapes = new(() => SyntheticShapes.Create().Test.TakeBalanced(Count));

    public static TheoryData<string[], int[]> Commands => new()
    {
        { ["pvalue", "--model", M, "--output", F + "p.csv", "--json", F + "p.json"], [1, 2, 3, 7] },
        { ["pvalue", "--model", M, "--adjust", "bh", "--randomize", "5"], [2] },
        { ["evaluate", "--model", M, "--json", F + "e.json", "--html", F + "e.html"], [1, 2, 3, 7] },
        { ["calibrate", "--model", M, "--split", "train", "--rule", "youden", "--fgsm", "0.1", "--temperature", "--out", F + "c.pt",
            "--json", F + "c.json"], [1, 2, 3, 7] },
        { ["detect", "--model", M, "--fgsm", "0.1", "--resamples", "10", "--html", F + "d.html"], [2] },
        { ["attack", "--surrogate", M, "--model", "{n}", "--out", F + "a.npy", "--html", F + "a.html"], [1, 2, 3, 7] },
        { ["attack", "--surrogate", M, "--method", "pgd", "--norm", "l2", "--epsilon", "0.5", "--steps", "2", "--restarts", "2",
            "--out", F + "a.npy"], [3] },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Shards_merged_give_the_bytes_of_one_run(string[] command, int[] counts)
    {
        using var tool = await CreateAsync();
        var folder = tool.File("outputs");
        string[] arguments = [.. command.Select(argument => argument
            .Replace("{m}", tool.File("m.pt"), StringComparison.Ordinal)
            .Replace("{n}", tool.File("n.pt"), StringComparison.Ordinal)
            .Replace(F, folder + Path.DirectorySeparatorChar, StringComparison.Ordinal)), .. Data(tool)];
        Directory.CreateDirectory(folder);
        var whole = await Tool.RunAsync(arguments);
        Assert.True(whole.ExitCode == 0, whole.Error);
        var expected = Outputs();
        foreach (var count in counts)
        {
            var shards = await MakeAsync(tool, arguments, count);
            Assert.Empty(Outputs());
            var merged = await Tool.RunAsync(["merge", .. shards.Reverse()]);
            Assert.True(merged.ExitCode == 0, merged.Error);
            Assert.Equal(whole.Output, merged.Output);
            Assert.Equal(expected, Outputs());
        }

        // Reads and removes them.
        string[] Outputs()
        {
            var files = Directory.GetFiles(folder).Order(StringComparer.Ordinal).ToArray();
            string[] contents = [.. files.Select(file =>
                $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];
            Array.ForEach(files, File.Delete);
            return contents;
        }
    }

    [Theory]
    [InlineData("lipschitz", 2)]
    [InlineData("interval", 3)]
    public async Task Certificates_of_shards_are_those_of_one_run_but_for_the_seconds(string method, int count)
    {
        using var tool = await CreateAsync();
        string[] command =
        [
            "certify", "--model", tool.File("m.pt"), "--method", method, "--epsilon", "0.001", "--attack-steps", "2",
            "--attack-restarts", "2", "--output", tool.File("r.csv"), .. Data(tool), "--limit-test", "200",
        ];
        var whole = await Tool.RunAsync(command);
        Assert.True(whole.ExitCode == 0, whole.Error);
        var expected = Certificates();
        var shards = Enumerable.Range(1, count).Select(i => tool.File($"{i}.shard")).ToArray();
        foreach (var (i, shard) in shards.Index())
        {
            Assert.Equal(0, (await Tool.RunAsync([.. command, "--shard", $"{i + 1}/{count}", "--shard-out", shard])).ExitCode);
        }

        var merged = await Tool.RunAsync(["merge", .. shards]);
        Assert.True(merged.ExitCode == 0, merged.Error);
        Assert.Equal(WithoutSeconds(whole.Output), WithoutSeconds(merged.Output));
        Assert.Equal(expected, Certificates());

        static string WithoutSeconds(string text) => Regex.Replace(text, "seconds per image.*\n", "");

        string[] Certificates()
        {
            var rows = File.ReadAllLines(tool.File("r.csv")).Select(line => line.Split(',')).ToArray();
            var seconds = Array.IndexOf(rows[0], "seconds");
            File.Delete(tool.File("r.csv"));
            return [.. rows.Select(row => string.Join(',', row.Where((_, i) => i != seconds)))];
        }
    }

    [Fact]
    public async Task The_outputs_may_be_named_when_merging()
    {
        using var tool = await CreateAsync();
        string[] command = ["pvalue", "--model", tool.File("m.pt"), .. Data(tool)];
        await Tool.RunAsync([.. command, "--output", tool.File("whole.csv")]);
        var shards = await MakeAsync(tool, command, 2);
        var merged = await Tool.RunAsync("merge", shards[0], shards[1], "--out", tool.File("merged.csv"), "--json", tool.File("p.json"));
        Assert.True(merged.ExitCode == 0, merged.Error);
        Assert.Equal(File.ReadAllBytes(tool.File("whole.csv")), File.ReadAllBytes(tool.File("merged.csv")));
        Assert.True(File.Exists(tool.File("p.json")));
        Assert.True(File.Exists(tool.File("merged.pvalue.config.json")));
        Assert.False(File.Exists(tool.File("merged.merge.config.json")));
    }

    [Fact]
    public async Task Images_of_an_array_have_shards_too()
    {
        using var tool = await CreateAsync();
        var attack = await Tool.RunAsync(["attack", "--surrogate", tool.File("m.pt"), "--out", tool.File("a.npy"), .. Data(tool)]);
        Assert.Equal(0, attack.ExitCode);
        string[] command = ["evaluate", "--model", tool.File("m.pt"), "--images", tool.File("a.npy")];
        var whole = await Tool.RunAsync(command);
        var merged = await Tool.RunAsync(["merge", .. await MakeAsync(tool, command, 2)]);
        Assert.Equal((whole.ExitCode, whole.Output), (merged.ExitCode, merged.Output));
    }

    [Fact]
    public async Task Streamed_images_give_the_bytes_of_those_in_memory_in_shards_too()
    {
        using var tool = await CreateAsync();
        string[] command = ["pvalue", "--model", tool.File("m.pt"), .. Data(tool)];
        var kept = await Tool.RunAsync(command);
        var streamed = await Tool.RunAsync([.. command, "--stream"]);
        var merged = await Tool.RunAsync(["merge", .. await MakeAsync(tool, [.. command, "--stream"], 2)]);
        Assert.Equal((0, kept.Output), (streamed.ExitCode, streamed.Output));
        Assert.Equal((0, kept.Output), (merged.ExitCode, merged.Output));
        var run = await Tool.RunAsync("pvalue", "--model", tool.File("m.pt"), "--data", "synthetic", "--stream");
        Assert.Contains("--stream is for picture files", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_that_are_not_all_of_one_run_are_refused_in_one_line()
    {
        using var tool = await CreateAsync();
        string[] command = ["evaluate", "--model", tool.File("m.pt"), .. Data(tool)];
        var shards = await MakeAsync(tool, command, 3);
        await RefusedAsync("Of 3 shards 1 are missing: give shard 2, too.", shards[0], shards[2]);
        await RefusedAsync("are both shard 1/3", shards[0], shards[0], shards[1], shards[2]);
        await RefusedAsync("is no shard", shards[0], shards[1], tool.File("m.pt"));
        await RefusedAsync("There is no shard", shards[0], shards[1], tool.File("none.shard"));

        var others = await MakeAsync(tool, ["evaluate", "--model", tool.File("m.pt"), .. Data(tool), "--limit-test", "300"], 3);
        await RefusedAsync("they differ in --limit-test", shards[0], shards[1], others[2]);
        others = await MakeAsync(tool, command, 2);
        await RefusedAsync("it is shard 2/2, and the other 1/3", shards[0], others[1]);
        others = await MakeAsync(tool, ["pvalue", "--model", tool.File("m.pt"), .. Data(tool)], 3);
        await RefusedAsync("'marginnet pvalue'", shards[0], shards[1], others[2]);

        var file = ShardFile.Read(shards[2]);
        (file with { Header = file.Header with { Version = "0.0.1" } }).Save();
        await RefusedAsync("was made by marginnet 0.0.1", shards);
        var images = file.Header.Images[0] with { Digest = "other" };
        (file with { Header = file.Header with { Images = [images] } }).Save();
        await RefusedAsync("its data was another", shards);
        foreach (var shard in shards)
        {
            var each = ShardFile.Read(shard);
            (each with { Header = each.Header with { Images = [images] } }).Save();
        }

        await RefusedAsync("The data is not that of the shards", shards);
        var bytes = await File.ReadAllBytesAsync(shards[1]);
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(shards[1], bytes);
        await RefusedAsync("its SHA-256 is another", shards);

        shards = await MakeAsync(tool, command, 3);
        await Tool.RunAsync(["calibrate", "--model", tool.File("m.pt"), "--split", "test", .. Data(tool)]);
        await RefusedAsync("not what it was when the shards were made", shards);
        others = await MakeAsync(tool, command, 3);
        await RefusedAsync("was another file", others[0], shards[1], others[2]);

        async Task RefusedAsync(string message, params string[] paths)
        {
            var run = await Tool.RunAsync(["merge", .. paths]);
            Assert.Equal(2, run.ExitCode);
            Assert.Empty(run.Output);
            Assert.Contains(message, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("5/4", "expected i/n with 1 <= i <= n")]
    [InlineData("one", "expected i/n with 1 <= i <= n")]
    public async Task A_shard_that_cannot_be_is_refused(string shard, string message)
    {
        using var tool = await CreateAsync();
        var run = await Tool.RunAsync("evaluate", "--model", tool.File("m.pt"), "--shard", shard);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(message, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scores_of_a_file_have_no_shards_and_a_shards_file_needs_a_shard()
    {
        using var tool = await CreateAsync();
        var run = await Tool.RunAsync("evaluate", "--logits", "l.npy", "--labels", "y.npy", "--shard", "1/2");
        Assert.Contains("--shard does not go with --logits", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        run = await Tool.RunAsync("evaluate", "--model", tool.File("m.pt"), "--shard-out", tool.File("s.shard"));
        Assert.Contains("--shard-out has no effect without --shard", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    /// <summary>A model twice, and drawn shapes as files.</summary>
    private static async Task<Tool> CreateAsync()
    {
        var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        await tool.WriteModelAsync("n.pt");
        for (var i = 0; i < Count; i++)
        {
            foreach (var split in new[] { "train", "test" })
            {
                var folder = Directory.CreateDirectory(
                    Path.Combine(tool.File("data"), split, SyntheticShapes.ClassNames[Shapes.Value.Labels[i]]));
                using var file = File.Create(Path.Combine(folder.FullName, $"{i}.bmp"));
                new ImageWriter().WriteBmp(Interleaved(Shapes.Value, i), 32, 32, ColorComponents.RedGreenBlue, file);
            }
        }

        return tool;
    }

    private static byte[] Interleaved(ImageSet images, int index)
    {
        const int Plane = 32 * 32;
        var planar = images.Pixels(index);
        var pixels = new byte[planar.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            pixels[i] = planar[(i % 3 * Plane) + (i / 3)];
        }

        return pixels;
    }

    private static string[] Data(Tool tool) => ["--data", "folder", "--data-dir", tool.File("data")];

    private static async Task<string[]> MakeAsync(Tool tool, string[] command, int count)
    {
        var shards = Enumerable.Range(1, count).Select(i => tool.File($"{command[0]}-{Guid.NewGuid()}-{i}.shard")).ToArray();
        foreach (var (i, shard) in shards.Index())
        {
            var run = await Tool.RunAsync([.. command, "--shard", $"{i + 1}/{count}", "--shard-out", shard]);
            Assert.True(run.ExitCode == 0, run.Error);
        }

        return shards;
    }
}

using System.Globalization;
using MarginNet.Arrays;
using MarginNet.ModelFiles;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>Numbers in another unit than they should be are told, with the option that says otherwise.</summary>
public sealed class UnitTests
{
    [Fact]
    public async Task Probabilities_for_logits_are_told_and_read_as_logarithms_on_request()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Draw(200, seed: 3);
        File.WriteAllLines(tool.File("y.csv"), labels.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        File.WriteAllLines(tool.File("f.csv"), logits.Select(LogitFiles.Line));
        File.WriteAllLines(
            tool.File("p.csv"), logits.Select(row => LogitFiles.Line([.. row.Select(f => Math.Exp(f) / row.Sum(Math.Exp))])));
        File.WriteAllLines(
            tool.File("l.csv"), logits.Select(row => LogitFiles.Line([.. row.Select(f => f - Math.Log(row.Sum(Math.Exp)))])));

        var plain = await Evaluate("f.csv");
        Assert.Equal((0, ""), (plain.ExitCode, plain.Error));
        foreach (var (file, kind) in new[] { ("p.csv", "probabilities"), ("l.csv", "log-probabilities") })
        {
            var told = await Evaluate(file);
            Assert.Equal(0, told.ExitCode);
            Assert.StartsWith("warning: ", told.Error, StringComparison.Ordinal);
            Assert.Contains($"give --scores {kind}", told.Error, StringComparison.Ordinal);
            Assert.Equal(1, told.Error.Count(c => c == '\n'));
            var said = await Evaluate(file, "--scores", kind);
            Assert.Equal((0, "", Calibration(plain)), (said.ExitCode, said.Error, Calibration(said)));
            Assert.DoesNotContain("warning", (await Evaluate(file, "--scores", "logits")).Error, StringComparison.Ordinal);
        }

        Assert.NotEqual(Calibration(plain), Calibration(await Evaluate("p.csv")));

        Task<ToolRun> Evaluate(string file, params string[] more) =>
            Tool.RunAsync(["evaluate", "--logits", tool.File(file), "--labels", tool.File("y.csv"), .. more]);
        static string Calibration(ToolRun run) => run.OutputLines.Single(line => line.StartsWith("calibration", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pixels_in_another_unit_are_told_or_refused_and_brought_to_it_on_request()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        var random = new Random(4);
        var bytes = Enumerable.Range(0, 4 * 3 * 32 * 32).Select(_ => (float)random.Next(256)).ToArray();
        using (var model = MarginModel.Load(tool.File("m.pt")))
        {
            var statistics = model.Network.Options.Normalization;
            Save("unit.npy", (pixel, _) => pixel / 255);
            Save("byte.npy", (pixel, _) => pixel);
            Save(
                "normalized.npy",
                (pixel, channel) => (float)(((pixel / 255) - statistics.Mean[channel]) / statistics.StandardDeviation[channel]));
            Save("attacked.npy", (pixel, _) => (pixel / 255 * 1.6f) - 0.3f);
            Save("twice.npy", (pixel, _) => pixel / 255 / 255);
        }

        Assert.Equal("", (await PValues("unit.npy")).Error);
        Assert.Equal("", (await PValues("attacked.npy")).Error);
        Assert.Contains("--pixels normalized", (await PValues("normalized.npy")).Error, StringComparison.Ordinal);
        Assert.Contains("divided by 255 twice", (await PValues("twice.npy")).Error, StringComparison.Ordinal);
        Assert.Equal("", (await PValues("normalized.npy", "--pixels", "unit")).Error);
        Assert.Contains("--pixels byte", (await PValues("byte.npy")).Error, StringComparison.Ordinal);
        var expected = Predictions(await PValues("unit.npy"));
        Assert.Equal(expected, Predictions(await PValues("byte.npy", "--pixels", "byte")));
        Assert.Equal(expected, Predictions(await PValues("normalized.npy", "--pixels", "normalized")));

        void Save(string name, Func<float, int, float> pixel) =>
            new ImageArray([.. bytes.Select((value, i) => pixel(value, i / (32 * 32) % 3))], 3, 32, 32).Save(tool.File(name));

        Task<ToolRun> PValues(string images, params string[] more) =>
            Tool.RunAsync(["pvalue", "--quiet", "--model", tool.File("m.pt"), "--images", tool.File(images), .. more]);
        static string[] Predictions(ToolRun run) =>
            [.. run.OutputLines.Skip(1)
                .Select(line => line.Split(','))
                .Select(fields => $"{fields[2]} {double.Parse(fields[3], CultureInfo.InvariantCulture):f3}")];
    }

    [Fact]
    public async Task Steps_of_a_byte_for_a_share_of_the_range_are_told()
    {
        using var tool = new Tool();
        await tool.WriteModelAsync("m.pt");
        string[] attack = ["attack", "--quiet", "--surrogate", tool.File("m.pt"), "--limit-test", "10", "--epsilon"];
        Assert.Contains(
            "warning: --epsilon is 8, but pixels are in [0, 1]", (await Tool.RunAsync([.. attack, "8"])).Error, StringComparison.Ordinal);
        Assert.Contains("write 8/255", (await Tool.RunAsync([.. attack, "8", "--norm", "l2"])).Error, StringComparison.Ordinal);
        Assert.DoesNotContain("--epsilon is", (await Tool.RunAsync([.. attack, "8/255"])).Error, StringComparison.Ordinal);
        var detect = await Tool.RunAsync("detect", "--model", tool.File("m.pt"), "--limit-test", "50", "--resamples", "10", "--fgsm", "8");
        Assert.Contains("warning: --fgsm is 8", detect.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Labels_that_are_names_or_counted_from_1_and_an_index_column_are_understood_or_told()
    {
        using var tool = new Tool();
        var (logits, labels) = LogitFiles.Draw(60, seed: 3);
        string[] names = ["cat", "dog", "bird"];
        File.WriteAllLines(tool.File("f.csv"), [",0,1,2", .. logits.Select((row, i) => $"{i},{LogitFiles.Line(row)}")]);
        File.WriteAllLines(tool.File("named.csv"), ["cat,dog,bird", .. logits.Select(LogitFiles.Line)]);
        File.WriteAllLines(tool.File("names.csv"), labels.Select(label => names[label]));
        File.WriteAllLines(tool.File("numbers.csv"), labels.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        File.WriteAllLines(tool.File("classes.txt"), names);

        var plain = await Evaluate("f.csv", "numbers.csv");
        Assert.Contains("column 1 of 4 numbers the rows", plain.Error, StringComparison.Ordinal);
        Assert.StartsWith("note: ", plain.Error, StringComparison.Ordinal);
        Assert.Equal(Rest(plain), Rest(await Evaluate("named.csv", "names.csv")));
        Assert.Equal(Rest(plain), Rest(await Evaluate("f.csv", "names.csv", "--classes", tool.File("classes.txt"))));
        Assert.Contains("--classes", (await Evaluate("f.csv", "names.csv")).Error, StringComparison.Ordinal);

        int[] some = [.. labels.Index().Where(label => label.Item < 2).Select(label => label.Index)];
        File.WriteAllLines(tool.File("some.csv"), some.Select(i => LogitFiles.Line(logits[i])));
        File.WriteAllLines(tool.File("from1.csv"), some.Select(i => (labels[i] + 1).ToString(CultureInfo.InvariantCulture)));
        Assert.Contains(
            "if they are counted from 1, subtract 1", (await Evaluate("some.csv", "from1.csv")).Error, StringComparison.Ordinal);

        Task<ToolRun> Evaluate(string scores, string truth, params string[] more) =>
            Tool.RunAsync(["evaluate", "--logits", tool.File(scores), "--labels", tool.File(truth), .. more]);
        static string[] Rest(ToolRun run) => run.OutputLines[1..];
    }
}

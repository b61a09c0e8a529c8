using System.Globalization;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Commands;

public sealed class SampleWeightsTests
{
    private const double EasyWeight = 0.2; // Half of the samples calibrated on are easy, and one in ten where the model is used.
    private const double HardWeight = 1.8;

    [Fact]
    public async Task Weights_restore_the_coverage_of_sets_and_the_level_of_p_values_that_a_covariate_shift_costs()
    {
        using var tool = new Tool();
        Write(tool, "calibration", easy: 2000, hard: 2000, seed: 1);
        Write(tool, "fresh", easy: 400, hard: 3600, seed: 2);
        string[] calibrate =
        [
            "calibrate", "--logits", tool.File("calibration.csv"), "--labels", tool.File("calibration-labels.csv"), "--held-out",
            "--keep-sets", "--confidence", "margin",
        ];
        string[] pvalue =
        [
            "pvalue", "--logits", tool.File("fresh.csv"), "--labels", tool.File("fresh-labels.csv"), "--sets", "lac",
            "--confidence", "margin", "--null", "pooled", "--alpha", "0.1", "--output",
        ];
        await RunAsync([.. calibrate, "--out", tool.File("plain.json")]);
        await RunAsync([.. pvalue, tool.File("plain.out.csv"), "--calibration", tool.File("plain.json")]);
        var calibrated = await RunAsync(
            [.. calibrate, "--out", tool.File("weighted.json"), "--sample-weights", tool.File("calibration-weights.csv")]);
        Assert.Contains(" 4000 samples are worth 2439 without weights", calibrated.Output, StringComparison.Ordinal); // 4000²/(2000·0.04 + 2000·3.24)
        await RunAsync(
        [
            .. pvalue, tool.File("weighted.out.csv"), "--calibration", tool.File("weighted.json"),
            "--sample-weights", tool.File("fresh-weights.csv"),
        ]);
        var (plain, weighted) = (Rates(tool.File("plain.out.csv")), Rates(tool.File("weighted.out.csv")));

        // 2,439 samples' worth calibrated on and 4,000 fresh ones: five standard deviations are 0.04.
        Assert.InRange(weighted.Covered, 0.9 - 0.04, 0.9 + 0.04);
        Assert.InRange(weighted.Flagged, 0.1 - 0.04, 0.1 + 0.04);
        Assert.True(plain.Covered < 0.9 - 0.04, $"{plain.Covered}");
        Assert.True(plain.Flagged > 0.1 + 0.04, $"{plain.Flagged}");
    }

    [Fact]
    public async Task Equal_weights_are_none()
    {
        using var tool = new Tool();
        var (logits, _) = LogitFiles.Write(tool, "test", 100, seed: 3);
        File.WriteAllLines(tool.File("four.csv"), Enumerable.Repeat("4", 900));
        File.WriteAllLines(tool.File("fours.csv"), Enumerable.Repeat("4", 100));
        string[] keep = ["--held-out", "--keep-sets", "--confidence", "gen"];
        string[] pvalue = ["pvalue", "--logits", logits, "--calibration", tool.File("null.json"), "--sets", "raps", "--confidence", "gen"];
        await LogitFiles.CalibrateAsync(tool, keep);
        Assert.False(MarginNullModel.Load(tool.File("null.json")).Sets!.IsWeighted);
        var plain = await RunAsync(pvalue);
        await LogitFiles.CalibrateAsync(tool, [.. keep, "--sample-weights", tool.File("four.csv")]);
        Assert.True(MarginNullModel.Load(tool.File("null.json")).Sets!.IsWeighted);
        Assert.Equal(plain.Output, (await RunAsync([.. pvalue, "--sample-weights", tool.File("fours.csv")])).Output);
    }

    [Fact]
    public async Task Weights_that_are_missing_idle_or_none_are_one_line()
    {
        using var tool = new Tool();
        var (logits, _) = LogitFiles.Write(tool, "test", 10, seed: 3);
        var (training, labels) = LogitFiles.Write(tool, "more", 200, seed: 4);
        string[] calibrate = ["calibrate", "--logits", training, "--labels", labels, "--held-out", "--out", tool.File("w.json")];
        File.WriteAllLines(tool.File("few.csv"), Enumerable.Repeat("1", 10));
        File.WriteAllLines(tool.File("all.csv"), Enumerable.Repeat("1", 200));
        File.WriteAllLines(tool.File("negative.csv"), Enumerable.Repeat("1", 199).Append("-1"));
        File.WriteAllLines(tool.File("zero.csv"), Enumerable.Repeat("0", 200));
        await Refused("no effect without --keep-sets or --confidence", [.. calibrate, "--sample-weights", tool.File("all.csv")]);
        string[] keep = [.. calibrate, "--keep-sets", "--sample-weights"];
        await Refused("few.csv: expected 200 weights", [.. keep, tool.File("few.csv")]);
        await Refused("the one of row 199 is -1", [.. keep, tool.File("negative.csv")]);
        await Refused("with a sum that is finite and above 0", [.. keep, tool.File("zero.csv")]);
        Assert.False(File.Exists(tool.File("w.json")));
        await RunAsync([.. keep, tool.File("all.csv")]);
        string[] pvalue = ["pvalue", "--logits", logits, "--calibration", tool.File("w.json")];
        await Refused("give those of the samples to score, too", [.. pvalue, "--sets", "lac"]);
        await Refused("--sample-weights goes with --sets or --confidence", [.. pvalue, "--sample-weights", tool.File("few.csv")]);
        await Refused("score a file", ["pvalue", "--logits", "-", "--calibration", tool.File("w.json"), "--sets", "lac"]);
        await RunAsync([.. pvalue, "--sets", "lac", "--sample-weights", tool.File("few.csv")]);
    }

    private static async Task<ToolRun> RunAsync(string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private static async Task Refused(string expected, string[] args)
    {
        var run = await Tool.RunAsync(args);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    /// <summary>How often the true class is in the set, and how often right decisions are flagged.</summary>
    private static (double Covered, double Flagged) Rates(string file)
    {
        var rows = File.ReadLines(file).Skip(1).Select(line => line.Split(',')).ToArray();
        return (
            rows.Average(fields => fields[^1].Split('|').Contains(fields[1]) ? 1.0 : 0),
            rows.Where(fields => fields[1] == fields[2]).Average(fields => fields[^2] == "true" ? 1.0 : 0));
    }

    /// <summary>Samples whose logits say the class well, or less so, with labels and weights.</summary>
    private static void Write(Tool tool, string name, int easy, int hard, int seed)
    {
        var random = new Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var (logits, labels, weights) = (new List<string>(), new List<string>(), new List<string>());
        for (var i = 0; i < easy + hard; i++)
        {
            var (label, lead) = (random.Next(4), i < easy ? 6 : 1.5);
            logits.Add(LogitFiles.Line([.. Enumerable.Range(0, 4).Select(c => Normal() + (c == label ? lead : 0))]));
            labels.Add(label.ToString(CultureInfo.InvariantCulture));
            weights.Add((i < easy ? EasyWeight : HardWeight).ToString(CultureInfo.InvariantCulture));
        }

        File.WriteAllLines(tool.File($"{name}.csv"), logits);
        File.WriteAllLines(tool.File($"{name}-labels.csv"), labels);
        File.WriteAllLines(tool.File($"{name}-weights.csv"), weights);
    }
}

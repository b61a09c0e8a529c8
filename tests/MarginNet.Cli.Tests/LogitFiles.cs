using System.Globalization;

namespace MarginNet.Cli.Tests;

/// <summary>Logits and labels of a made-up classifier of three classes that is right about four times in five, as files.</summary>
internal static class LogitFiles
{
    public const int Classes = 3;

    public static (string Logits, string Labels) Write(Tool tool, string name, int count, int seed)
    {
        var (logits, labels) = Draw(count, seed);
        var (logitsPath, labelsPath) = (tool.File($"{name}.csv"), tool.File($"{name}-labels.csv"));
        File.WriteAllLines(logitsPath, logits.Select(Line));
        File.WriteAllLines(labelsPath, labels.Select(label => label.ToString(CultureInfo.InvariantCulture)));
        return (logitsPath, labelsPath);
    }

    /// <summary>Fits a null model to samples of its own, and returns its path.</summary>
    public static async Task<string> CalibrateAsync(Tool tool, params string[] more)
    {
        var (logits, labels) = Write(tool, "train", 900, seed: 1);
        var run = await Tool.RunAsync(["calibrate", "--logits", logits, "--labels", labels, "--out", tool.File("null.json"), .. more]);
        Assert.Equal(0, run.ExitCode);
        return tool.File("null.json");
    }

    public static (double[][] Logits, int[] Labels) Draw(int count, int seed)
    {
        var random = new Random(seed);
        int[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(Classes))];
        double[][] logits =
            [.. labels.Select(label => Enumerable.Range(0, Classes)
                .Select(c => (4 * random.NextDouble()) + (c == label ? 4 * random.NextDouble() : 0))
                .ToArray())];
        return (logits, labels);
    }

    public static string Line(double[] row) => string.Join(',', row.Select(value => value.ToString("r", CultureInfo.InvariantCulture)));
}

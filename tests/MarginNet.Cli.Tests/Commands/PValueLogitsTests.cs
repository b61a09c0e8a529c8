using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using MarginNet.PValues;

namespace MarginNet.Cli.Tests.Commands;

public sealed class PValueLogitsTests
{
    [Fact]
    public async Task The_table_holds_the_p_values_of_the_library()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        var (logits, labels) = LogitFiles.Write(tool, "test", 200, seed: 3);
        var run = await Tool.RunAsync("pvalue", "--logits", logits, "--labels", labels, "--calibration", calibration, "--alpha", "0.1");
        Assert.Equal(0, run.ExitCode);
        var nullModel = MarginNullModel.Load(calibration);
        var (rows, classes) = LogitFiles.Draw(200, seed: 3);
        Assert.Equal(201, run.OutputLines.Length);
        for (var i = 0; i < 200; i++)
        {
            var fields = run.OutputLines[i + 1].Split(',');
            var predicted = Array.IndexOf(rows[i], rows[i].Max());
            var margin = rows[i].Max() - rows[i].Order().ElementAt(1);
            var p = nullModel.Score(margin, predicted);
            Assert.Equal([i, classes[i], predicted], fields[..3].Select(field => int.Parse(field, CultureInfo.InvariantCulture)));
            Assert.Equal(margin, Number(fields[3]), 1e-8 * margin);
            Assert.Equal(p.LogMargin, Number(fields[4]), 1e-8 * Math.Abs(p.LogMargin));
            Assert.Equal(p.Formula, Number(fields[5]), 1e-8);
            Assert.Equal(p.Lower, Number(fields[6]), 1e-8);
            Assert.Equal(p.Lower <= 0.1 ? "true" : "false", fields[7]);
        }
    }

    [Theory]
    [InlineData("Lower", PValueTail.Mixture, 1.0)]
    [InlineData("TwoSided", PValueTail.Formula, 0.5)]
    public async Task A_null_model_of_0_1_0_says_which_p_value_its_threshold_is_for(string stored, PValueTail meant, double factor)
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool, "--alpha", "0.1", "--tail", "mixture");
        var (logits, _) = LogitFiles.Write(tool, "test", 200, seed: 3);
        string[] command = ["pvalue", "--logits", logits, "--calibration", calibration];
        Assert.DoesNotContain("earlier version", (await Tool.RunAsync(command)).Error, StringComparison.Ordinal);
        var state = JsonNode.Parse(await File.ReadAllBytesAsync(calibration))!.AsObject(); // 0.1.0 wrote all but these
        foreach (var key in (string[])["p_values", "pooled_fit_p", "temperature"])
        {
            state.Remove(key);
        }

        foreach (var own in state["classes"]!.AsArray())
        {
            own!.AsObject().Remove("fit_p");
        }

        state["rule"]!["tail"] = stored;
        await File.WriteAllTextAsync(calibration, state.ToJsonString());
        var rule = MarginNullModel.Load(calibration).Rule!;
        Assert.Equal((meant, factor * (double)state["rule"]!["threshold"]!), (rule.Tail, rule.Threshold.Value));
        var run = await Tool.RunAsync(command);
        Assert.Equal(0, run.ExitCode);
        var named = meant == PValueTail.Mixture ? "mixture's lower tail" : "formula";
        Assert.Contains($"note: calibrated by an earlier version, whose threshold is for the p-value '{named}'; run", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("earlier version", (await Tool.RunAsync([.. command, "--alpha", "0.1"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_file_format_gives_the_same_table()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        var (logits, _) = LogitFiles.Write(tool, "test", 20_000, seed: 3);
        var (rows, _) = LogitFiles.Draw(20_000, seed: 3);
        var array = Npy(rows);
        File.WriteAllBytes(tool.File("test.npy"), array);
        using (var archive = ZipFile.Open(tool.File("test.npz"), ZipArchiveMode.Create))
        {
            using var entry = archive.CreateEntry("arr_0.npy").Open();
            entry.Write(array);
        }

        string[] paths = [logits, tool.File("test.npy"), tool.File("test.npz")];
        foreach (var path in paths)
        {
            var run = await Tool.RunAsync("pvalue", "--logits", path, "--calibration", calibration, "--output", path + ".out.csv");
            Assert.Equal(0, run.ExitCode);
            Assert.Equal(20_001, File.ReadLines(path + ".out.csv").Count());
            Assert.Equal(File.ReadAllText(paths[0] + ".out.csv"), File.ReadAllText(path + ".out.csv"));
        }
    }

    [Fact]
    public async Task The_empirical_tail_has_a_column_of_its_own_and_flags()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        var (logits, _) = LogitFiles.Write(tool, "test", 300, seed: 3);
        var run = await Tool.RunAsync(
            "pvalue", "--logits", logits, "--calibration", calibration, "--tail", "empirical", "--null", "pooled", "--alpha", "0.1");
        Assert.EndsWith(",p_lower,p_empirical,flagged", run.OutputLines[0], StringComparison.Ordinal);
        var nullModel = MarginNullModel.Load(calibration);
        foreach (var fields in run.OutputLines[1..].Select(line => line.Split(',')))
        {
            Assert.Equal(nullModel.Pooled.Score(Number(fields[3])).Empirical, Number(fields[7]), 1e-2);
            Assert.Equal(Number(fields[7]) <= 0.1 ? "true" : "false", fields[8]);
        }
    }

    [Fact]
    public async Task Adjustment_adds_a_column_that_flags_instead()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool, "--alpha", "0.3");
        var (logits, _) = LogitFiles.Write(tool, "test", 300, seed: 3);
        string[] command = ["pvalue", "--logits", logits, "--calibration", calibration];
        var plain = await Tool.RunAsync([.. command, "--alpha", "0.2"]);
        var adjusted = await Tool.RunAsync([.. command, "--alpha", "0.2", "--adjust", "bh"]);
        Assert.EndsWith(",p_lower,p_adjusted,flagged", adjusted.OutputLines[0], StringComparison.Ordinal);
        var p = plain.OutputLines[1..].Select(line => Number(line.Split(',')[6])).ToArray();
        var expected = BenjaminiHochberg.Adjust(p);
        var rows = adjusted.OutputLines[1..].Select(line => line.Split(',')).ToArray();
        Assert.Equal(expected, rows.Select(fields => Number(fields[7])), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.All(rows, fields => Assert.Equal(Number(fields[7]) <= 0.2 ? "true" : "false", fields[8]));
        Assert.Contains("adjusted p (lower tail) <= 0.2.", adjusted.Error, StringComparison.Ordinal);
        Assert.Contains(
            "adjusted p (lower tail) <= 0.05.", (await Tool.RunAsync([.. command, "--adjust", "bh"])).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logits_of_another_number_of_classes_are_refused()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        File.WriteAllText(tool.File("two.csv"), "1,2\n");
        var run = await Tool.RunAsync("pvalue", "--logits", tool.File("two.csv"), "--calibration", calibration);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("has logits of 2 classes, but the null model", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null.json", "not JSON")]
    [InlineData("[1]", "is no margin null model: Expected a JSON object")]
    [InlineData("{}", "is no margin null model: Expected text under the key 'calibration'")]
    public async Task A_calibration_that_is_none_is_refused_in_one_line(string content, string expected)
    {
        using var tool = new Tool();
        File.WriteAllText(tool.File("null.json"), content);
        File.WriteAllText(tool.File("x.csv"), "1,2\n");
        var run = await Tool.RunAsync("pvalue", "--logits", tool.File("x.csv"), "--calibration", tool.File("null.json"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Rows_from_standard_input_are_answered_one_by_one_and_LibTorch_is_never_loaded()
    {
        using var tool = new Tool();
        var calibration = await LogitFiles.CalibrateAsync(tool);
        var (logits, _) = LogitFiles.Write(tool, "test", 50, seed: 3);
        var whole = await Tool.RunAsync("pvalue", "--logits", logits, "--calibration", calibration);
        using var process = Start("pvalue", "--logits", "-", "--calibration", calibration);
        var error = process.StandardError.ReadToEndAsync();
        Assert.Equal(whole.OutputLines[0], await process.StandardOutput.ReadLineAsync());
        var answered = 0;
        foreach (var line in File.ReadLines(logits))
        {
            await process.StandardInput.WriteLineAsync(line);
            await process.StandardInput.FlushAsync();
            Assert.Equal(whole.OutputLines[++answered], await process.StandardOutput.ReadLineAsync());
        }

        if (OperatingSystem.IsLinux())
        {
            var libraries = File.ReadLines($"/proc/{process.Id}/maps")
                .Select(line => Path.GetFileName(line))
                .Where(name => name.Contains(".so", StringComparison.Ordinal))
                .ToArray();
            Assert.Contains("libcoreclr.so", libraries);
            Assert.DoesNotContain(
                libraries,
                name => name.Contains("torch", StringComparison.OrdinalIgnoreCase) || name.Contains("c10", StringComparison.Ordinal));
        }

        process.StandardInput.Close();
        Assert.Null(await process.StandardOutput.ReadLineAsync());
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Contains(" of 50 samples flagged: p (lower tail) <= ", await error, StringComparison.Ordinal);
        Assert.Equal(50, answered);
    }

    [Theory]
    [InlineData("1,2,3\n4,five,6\n", "standard input, line 2: expected numbers, but found 'five'", 2)]
    [InlineData("1,2\n", "standard input has logits of 2 classes, but the null model", 1)]
    [InlineData("1,2,3\n4,NaN,6\n", "standard input: the logit of row 1 and class 1 is NaN", 2)]
    public async Task A_bad_row_on_standard_input_ends_with_one_line_after_the_rows_before_it(string input, string expected, int lines)
    {
        using var tool = new Tool();
        using var process = Start("pvalue", "--logits", "-", "--calibration", await LogitFiles.CalibrateAsync(tool));
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(2, process.ExitCode);
        Assert.Equal(lines, output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "MarginNet.Cli.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>What numpy.save writes for a matrix of float64.</summary>
    private static byte[] Npy(double[][] rows)
    {
        var header = $"{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows.Length}, {rows[0].Length}), }}".PadRight(117) + '\n';
        return [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes(header),
            .. rows.SelectMany(row => MemoryMarshal.AsBytes(row.AsSpan()).ToArray())];
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

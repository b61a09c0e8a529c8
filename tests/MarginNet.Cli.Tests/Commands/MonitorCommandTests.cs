using System.Globalization;
using System.Text.Json;

namespace MarginNet.Cli.Tests.Commands;

public sealed class MonitorCommandTests
{
    private const string Header = "index,margin";
    private const int Before = 400;

    /// <summary>Margins that fall to half from the 400th on, with two decimals, so that some repeat.</summary>
    private static string[] Rows(int count, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{i},{(i < Before ? 1 : 0.5) * random.NextDouble():f2}"))];
    }

    private static string Write(Tool tool, string name, params IEnumerable<string> lines)
    {
        File.WriteAllText(tool.File(name), string.Concat(lines.Select(line => line + "\n")));
        return tool.File(name);
    }

    private static Task<ToolRun> MonitorAsync(string file, params string[] more) =>
        Tool.RunAsync(["monitor", file, "--column", "margin", .. more]);

    [Fact]
    public async Task A_drift_is_told_in_a_line_and_on_a_page()
    {
        using var tool = new Tool();
        var stream = Write(tool, "s.csv", [Header, .. Rows(700)]);
        var run = await MonitorAsync(stream, "--html", tool.File("p.html"), "--json", tool.File("r.json"));
        Assert.Equal(0, run.ExitCode);
        Assert.Matches(
            @"^alarm at sample \d+ \(line \d+\): martingale 10\^2\.\d+ passes 100, drift since about sample \d+$",
            Assert.Single(run.OutputLines));
        Assert.Contains("700 samples, 1 alarm", run.Error, StringComparison.Ordinal);
        var result = JsonDocument.Parse(File.ReadAllBytes(tool.File("r.json"))).RootElement;
        var alarm = Assert.Single(result.GetProperty("alarms").EnumerateArray());
        Assert.InRange(alarm.GetProperty("sample").GetInt64(), Before, 700);
        Assert.Equal(alarm.GetProperty("sample").GetInt64() + 2, alarm.GetProperty("line").GetInt64());
        var page = File.ReadAllText(tool.File("p.html"));
        Assert.Contains("data:image/webp;base64,", page, StringComparison.Ordinal);
        Assert.Contains("threshold", page, StringComparison.Ordinal);
        Assert.DoesNotContain("--thumbnails", (await Tool.RunAsync("monitor", "--help")).Output, StringComparison.Ordinal);

        var quiet = await MonitorAsync(Write(tool, "quiet.csv", [Header, .. Rows(Before)]), "-q");
        Assert.Equal((0, "", ""), (quiet.ExitCode, quiet.Output, quiet.Error));
    }

    [Fact]
    public async Task The_same_numbers_in_any_form_give_the_same_alarms()
    {
        using var tool = new Tool();
        var rows = Rows(700);
        string[] values = [.. rows.Select(row => row.Split(',')[1])];
        string[] cusum = ["--procedure", "cusum", "--run-length", "100", "--format", "jsonl"];
        var expected = await MonitorAsync(Write(tool, "s.csv", [Header, .. rows]), cusum);
        Assert.True(expected.OutputLines.Length > 1);
        Assert.All(expected.OutputLines, line => JsonDocument.Parse(line).RootElement.GetProperty("log10_statistic").GetDouble());

        var json = values.Select(value => $"{{\"class\": \"cat\", \"margin\": {value}}}");
        var other = await MonitorAsync(Write(tool, "s.jsonl", ["", .. json]), cusum);
        Assert.Equal(expected.Output, other.Output);
        var semicolons = values.Select(value => $"\"a;b\";{value}\r");
        other = await MonitorAsync(Write(tool, "semicolons.csv", ["\uFEFFname;margin\r", .. semicolons]), cusum);
        Assert.Equal(expected.Output, other.Output);
        var alone = await Tool.RunAsync(["monitor", Write(tool, "alone.txt", ["margin", .. values]), .. cusum]);
        Assert.Equal(expected.Output, alone.Output);
    }

    [Fact]
    public async Task A_reference_tells_a_stream_that_has_drifted_from_its_start()
    {
        using var tool = new Tool();
        var reference = Write(tool, "reference.csv", [Header, .. Rows(Before, seed: 2)]);
        var stream = Write(tool, "s.csv", [Header, .. Rows(700)[Before..]]);
        Assert.Empty((await MonitorAsync(stream)).OutputLines);
        Assert.Single((await MonitorAsync(stream, "--reference", reference)).OutputLines);
        string[] alone = ["--reference", reference, "--ranks", "reference", "--martingale", "power-mixture"];
        Assert.Single((await MonitorAsync(stream, alone)).OutputLines);

        var calibration = await LogitFiles.CalibrateAsync(tool);
        Assert.Equal(0, (await MonitorAsync(stream, "--calibration", calibration)).ExitCode);
    }

    [Fact]
    public async Task P_values_are_taken_as_they_are()
    {
        using var tool = new Tool();
        var small = Write(tool, "p.csv", ["p", .. Enumerable.Repeat("0.1", 60)]);
        Assert.Single((await Tool.RunAsync("monitor", small, "--ranks", "none", "--martingale", "power", "--exponent", "0.5")).OutputLines);
        Assert.Empty((await Tool.RunAsync("monitor", small, "--ranks", "none", "--martingale", "power", "--tail", "upper")).OutputLines);
    }

    [Theory]
    [InlineData("index,margin|0,1|1,x", "line 3: expected a number in 'margin', but found 'x'.")]
    [InlineData("index,margin|0,nan", "line 2: expected a number in 'margin', but found 'nan'.")]
    [InlineData("index,margin|0", "line 2: expected the column 'margin', but found 1 fields.")]
    [InlineData("index,score|0,1", "line 1: expected a header with the column 'margin', but found index, score.")]
    [InlineData("{\"margin\": 1}|{\"score\": 1}", "line 2: expected 'margin', but found score.")]
    [InlineData("{\"margin\": \"a\"}", "line 1: expected a number in 'margin', but found \"a\".")]
    [InlineData("{\"margin\": 1}|[1]", "line 2: expected a JSON object.")]
    [InlineData("{\"margin\": 1}|{", "line 2: expected a JSON object.")]
    public async Task A_bad_line_is_named(string text, string expected)
    {
        using var tool = new Tool();
        var run = await MonitorAsync(Write(tool, "s.csv", text.Split('|')));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--ranks reference", "needs --reference or --calibration")]
    [InlineData("--ranks none --reference {0}", "leave --reference and --calibration out")]
    [InlineData("--ranks none", "line 2: expected a p-value in [0, 1] in 'margin', but found 3.")]
    [InlineData("--run-length 10", "--run-length has no effect without --procedure cusum")]
    [InlineData("--exponent 0.2", "--exponent has no effect without --martingale power")]
    [InlineData("--procedure cusum --alpha 0.2", "--alpha has no effect without --procedure ville")]
    [InlineData("--column other", "expected a header with the column 'other'")]
    public async Task Options_that_do_not_go_together_are_refused(string options, string expected)
    {
        using var tool = new Tool();
        var stream = Write(tool, "s.csv", Header, "0,3");
        string[] more = [.. options.Split(' ').Select(word => word.Replace("{0}", stream, StringComparison.Ordinal))];
        var run = await Tool.RunAsync(["monitor", stream, .. more.Contains("--column") ? [] : new[] { "--column", "margin" }, .. more]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_goes_on_and_is_refused_where_it_is_of_something_else()
    {
        using var tool = new Tool();
        var rows = Rows(700);
        var (stream, state) = (Write(tool, "s.csv", [Header, .. rows]), tool.File("s.json"));
        string[] cusum = ["--procedure", "cusum", "--run-length", "100"];
        var whole = await MonitorAsync(stream, cusum);

        // A bad line is corrected, and nothing is counted twice.
        Write(tool, "s.csv", [Header, .. rows[..450], "450,x"]);
        var first = await MonitorAsync(stream, [.. cusum, "--state", state]);
        Assert.Equal(2, first.ExitCode);
        Write(tool, "s.csv", [Header, .. rows]);
        var second = await MonitorAsync(stream, [.. cusum, "--state", state]);
        Assert.Equal(whole.Output, first.Output + second.Output);
        Assert.Contains("700 samples", second.Error, StringComparison.Ordinal);
        var third = await MonitorAsync(stream, [.. cusum, "--state", state]);
        Assert.Equal("", third.Output);

        foreach (var (more, expected) in new[]
        {
            (new[] { "--state", state }, "was made with options (mean"),
            ([.. cusum, "--state", state, "--reference", stream], "was made with a reference"),
            (["--state", stream], "is no state of 'marginnet monitor'"),
        })
        {
            var refused = await MonitorAsync(stream, more);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(expected, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        }

        Write(tool, "s.csv", Header);
        var shorter = await MonitorAsync(stream, [.. cusum, "--state", state]);
        Assert.Contains("was read up to byte", Assert.Single(shorter.ErrorLines), StringComparison.Ordinal);
    }

    [LinuxTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_that_was_killed_goes_on_as_if_it_had_not_been(bool isFile)
    {
        using var tool = new Tool();
        var rows = Rows(700);
        string[] options = ["--column", "margin", "--procedure", "shiryaev-roberts", "--run-length", "100", "--format", "jsonl", "-q"];
        var whole = await Tool.RunAsync(["monitor", Write(tool, "whole.csv", [Header, .. rows]), .. options]);
        var (state, output) = (tool.File("s.json"), "");
        Write(tool, "s.csv", Header);
        foreach (var (start, end) in new[] { (0, 500), (500, 700) })
        {
            string[] watch = ["monitor", isFile ? tool.File("s.csv") : "-", .. options, "--state", state];
            using var process = ToolProcess.Start([.. watch, .. isFile ? ["--follow"] : Array.Empty<string>()]);
            var said = process.StandardOutput.ReadToEndAsync();
            string[] lines = start == 0 && !isFile ? [Header, .. rows[..end]] : rows[start..end];
            if (isFile)
            {
                await File.AppendAllLinesAsync(tool.File("s.csv"), lines);
            }
            else
            {
                await process.StandardInput.WriteAsync(string.Concat(lines.Select(line => line + "\n")));
                await process.StandardInput.FlushAsync();
            }

            for (var tries = 0; Seen(state) != end; tries++)
            {
                Assert.True(tries < 1200 && !process.HasExited, $"It has seen {Seen(state)} of {end}.");
                await Task.Delay(100);
            }

            await process.SignalAsync("KILL");
            output += await said;
        }

        Assert.Equal(whole.Output, output);
        Assert.True(whole.OutputLines.Length > 1);
    }

    [LinuxTheory]
    [InlineData(0)]
    public async Task An_interrupted_one_keeps_its_state_and_page(int unused)
    {
        _ = unused;
        using var tool = new Tool();
        var state = tool.File("s.json");
        using var process = ToolProcess.Start(
            "monitor", Write(tool, "s.csv", [Header, .. Rows(100), "100,0."]), "--column", "margin", "--follow", "--state", state,
            "--html", tool.File("p.html"));
        for (var tries = 0; Seen(state) != 101 && tries < 1200; tries++)
        {
            await Task.Delay(100);
        }

        await process.SignalAsync("INT");
        Assert.Contains("interrupted", await process.EndAsync(), StringComparison.Ordinal);
        Assert.Equal(130, process.ExitCode);
        Assert.True(File.Exists(tool.File("p.html")));
    }

    private static long Seen(string state) => !File.Exists(state) ? 0
        : JsonDocument.Parse(File.ReadAllBytes(state)).RootElement.GetProperty("monitor").GetProperty("count").GetInt64();
}

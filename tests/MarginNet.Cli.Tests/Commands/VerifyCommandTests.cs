using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.RegularExpressions;
using MarginNet.Foreign;
using MarginNet.Tests.Verification;
using MarginNet.Verification;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>Properties of y₀ = |x₀| + x₁/2 and y₁ = 1 on [-1, 1]², as the tool decides them.</summary>
public sealed partial class VerifyCommandTests : IDisposable
{
    private const string Box = """
        (declare-const X_0 Real)
        (declare-const X_1 Real)
        (declare-const Y_0 Real)
        (declare-const Y_1 Real)
        (assert (and (>= X_0 -1) (<= X_0 1) (>= X_1 -1) (<= X_1 1)))
        """;

    private static readonly string[] NotSat = ["unsat", "timeout", "unknown"];

    private readonly Tool _tool = new();

    public VerifyCommandTests()
    {
        File.WriteAllBytes(_tool.File("net.onnx"), TinyNetwork.AbsoluteValue());
        File.WriteAllText(_tool.File("high.vnnlib"), $"{Box}(assert (>= Y_0 (+ Y_1 0.25)))");
        File.WriteAllText(_tool.File("never.vnnlib"), $"{Box}(assert (>= Y_0 1.75))");
    }

    public void Dispose() => _tool.Dispose();

    [Fact]
    public async Task A_counterexample_is_printed_with_all_digits_and_holds_on_ONNX_Runtime()
    {
        var run = await VerifyAsync("high.vnnlib", "--output", _tool.File("answer.txt"));
        Assert.Equal((0, "sat"), (run.ExitCode, run.OutputLines[0]));
        Assert.Equal(run.Output, await File.ReadAllTextAsync(_tool.File("answer.txt")));
        Assert.StartsWith("((X_0 ", run.OutputLines[1], StringComparison.Ordinal);
        Assert.EndsWith("))", run.Output.TrimEnd(), StringComparison.Ordinal);
        var values = Pair().Matches(run.Output).ToDictionary(
            match => match.Groups["name"].Value, match => double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture));
        Assert.Equal(["X_0", "X_1", "Y_0", "Y_1"], values.Keys);
        double[] x = [values["X_0"], values["X_1"]];
        using var network = VerificationNetwork.Load(_tool.File("net.onnx"));
        double[] y = Array.ConvertAll(network.Run([(float)x[0], (float)x[1]]), number => (double)number);
        Assert.Equal([values["Y_0"], values["Y_1"]], y);
        Assert.True(VnnLib.Read(_tool.File("high.vnnlib")).IsViolatedBy(x, y));
        Assert.True(Math.Abs(x[0]) + (x[1] / 2) >= 1.25 - 1e-6);
    }

    [Fact]
    public async Task What_cannot_be_violated_is_not_sat()
    {
        var run = await VerifyAsync("never.vnnlib", "--timeout", "1");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains(Assert.Single(run.OutputLines), NotSat);
    }

    [Fact]
    public async Task JSON_has_the_answer_and_the_counterexample()
    {
        var run = await VerifyAsync("high.vnnlib", "--json", "-");
        using var json = JsonDocument.Parse(run.Output);
        Assert.Equal("sat", json.RootElement.GetProperty("answer").GetString());
        Assert.Equal(2, json.RootElement.GetProperty("input").GetArrayLength());
        Assert.Equal(1, json.RootElement.GetProperty("output")[1].GetDouble());
    }

    [Fact]
    public async Task A_set_is_decided_row_by_row_and_what_cannot_be_read_is_an_error_among_them()
    {
        Pack("high.vnnlib");
        await File.WriteAllTextAsync(
            _tool.File("instances.csv"), "net.onnx,high.vnnlib,116\n\nnet.onnx,absent.vnnlib,5\nnet.onnx,never.vnnlib,1\n");
        var run = await Tool.RunAsync("verify", "--instances", _tool.File("instances.csv"), "--results", _tool.File("r.csv"));
        Assert.Equal(2, run.ExitCode);
        string[][] rows = [.. (await File.ReadAllLinesAsync(_tool.File("r.csv"))).Select(line => line.Split(','))];
        Assert.Equal(["network", "property", "answer", "seconds", "reason"], rows[0]);
        Assert.Equal(["net.onnx", "high.vnnlib", "sat"], rows[1][..3]);
        Assert.Equal(["net.onnx", "absent.vnnlib", "error"], rows[2][..3]);
        Assert.Contains(rows[3][2], NotSat);
        Assert.Equal(4, run.OutputLines.Length);
        Assert.StartsWith("3 properties: ", run.OutputLines[3], StringComparison.Ordinal);
        Assert.Contains(run.ErrorLines, line => line.Contains("absent.vnnlib", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_given_timeout_goes_before_that_of_the_set()
    {
        await File.WriteAllTextAsync(_tool.File("instances.csv"), "net.onnx,never.vnnlib,1000000\n");
        var run = await Tool.RunAsync("verify", "--instances", _tool.File("instances.csv"), "--timeout", "0.01", "--json", "-");
        using var json = JsonDocument.Parse(run.Output);
        Assert.True(json.RootElement.GetProperty("results")[0].GetProperty("seconds").GetDouble() < 60);
    }

    [Theory]
    [InlineData("verify takes a network and a property", "net.onnx")]
    [InlineData("does not exist: give a CSV file", "--instances", "absent.csv")]
    [InlineData("--instances names the networks: leave", "net.onnx", "--instances", "bad.csv")]
    [InlineData("with --instances give --results", "--instances", "bad.csv", "--output", "o.txt")]
    [InlineData("line 2 has 'soon' for its seconds: expected a number above 0", "--instances", "bad.csv")]
    [InlineData("line 1 has 1 fields: expected network, property and seconds", "--instances", "short.csv")]
    [InlineData("is empty", "--instances", "empty.csv")]
    [InlineData("--results lists a set: give --instances", "net.onnx", "high.vnnlib", "--results", "r.csv")]
    [InlineData("--timeout is '0': expected a number of seconds above 0", "net.onnx", "high.vnnlib", "--timeout", "0")]
    [InlineData("absent.onnx", "absent.onnx", "high.vnnlib")]
    [InlineData("is not a property that is read here: line 1", "net.onnx", "bad.csv")]
    [InlineData("is not a network that is read here: ", "high.vnnlib", "high.vnnlib")]
    public async Task Wrong_input_is_one_line_and_no_answer(string reason, params string[] args)
    {
        await File.WriteAllTextAsync(_tool.File("bad.csv"), "net.onnx,high.vnnlib,5\nnet.onnx,high.vnnlib,soon\n");
        await File.WriteAllTextAsync(_tool.File("short.csv"), "net.onnx\n");
        await File.WriteAllTextAsync(_tool.File("empty.csv"), "\n");
        var run = await Tool.RunAsync(
            ["verify", .. args.Select(arg => arg.Contains('.', StringComparison.Ordinal) ? _tool.File(arg) : arg)]);
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("", run.Output);
        Assert.Contains(reason, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    private Task<ToolRun> VerifyAsync(string property, params string[] more) =>
        Tool.RunAsync(["verify", _tool.File("net.onnx"), _tool.File(property), .. more]);

    private void Pack(string name)
    {
        using (var packed = new GZipStream(File.Create(_tool.File($"{name}.gz")), CompressionLevel.Fastest))
        {
            packed.Write(File.ReadAllBytes(_tool.File(name)));
        }

        File.Delete(_tool.File(name));
    }

    [GeneratedRegex(@"\((?<name>[XY]_\d+) (?<value>[^)]+)\)")]
    private static partial Regex Pair();
}

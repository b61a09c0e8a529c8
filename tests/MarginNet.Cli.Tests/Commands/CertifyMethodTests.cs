using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using MarginNet.Data;
using Onnx;

namespace MarginNet.Cli.Tests.Commands;

/// <summary>Certificates by bounds in balls around images, of a network of another program.</summary>
public sealed class CertifyMethodTests : IDisposable
{
    private const int Size = 3 * 32 * 32;
    private const int Classes = 10;

    private readonly Tool _tool = new();
    private readonly string[] _common;

    public CertifyMethodTests()
    {
        SaveNearestMean(_tool.File("n.onnx"));
        _common = ["certify", "--model", _tool.File("n.onnx"), "--data", "synthetic", "--limit-test", "20"];
    }

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("l2", "crown", "0.1")]
    [InlineData("linf", "crown-ibp", "1/255")]
    [InlineData("linf", "fast-lin", "1/255")]
    [InlineData("l1", "interval", "1e-4")]
    [InlineData("l2", "fast-lip", "0.05")]
    [InlineData("l2", "best", "0.05")]
    public async Task The_file_has_norm_method_and_seconds_of_each_radius_and_the_table_counts_them(
        string norm, string method, string epsilon)
    {
        var run = await Tool.RunAsync(
            [.. _common, "--method", method, "--norm", norm, "--epsilon", epsilon, "--output", _tool.File("c.csv"), "--plot",
                _tool.File("c.svg"), "--attack-steps", "2", "--time-limit", "0.5"]);
        Assert.Equal(0, run.ExitCode);
        var lines = await File.ReadAllLinesAsync(_tool.File("c.csv"));
        Assert.StartsWith(
            "index,true,predicted,margin,radius,radius_before_rounding,source,norm,method,seconds,attacked_at",
            lines[0], StringComparison.Ordinal);
        string[][] rows = [.. lines.Skip(1).Select(line => line.Split(','))];
        Assert.Equal(20, rows.Length);
        Assert.All(rows, row =>
        {
            Assert.Equal(norm, row[7]);
            string[] possible = method == "best"
                ? ["lipschitz", "interval", "crown-ibp", "fast-lin", "crown", "alpha-crown", "complete", "none"] : [method, "none"];
            Assert.Contains(row[8], possible);
            Assert.True(Parse(row[9]) > 0);
            Assert.Equal(row[8] == "none", Parse(row[4]) == 0);
        });
        var distance = epsilon == "1/255" ? 1.0 / 255 : Parse(epsilon);
        var certified = rows.Count(row => row[1] == row[2] && Parse(row[4]) >= distance);
        Assert.True(certified > 0);
        var line = run.OutputLines.Single(text => text.StartsWith("certified at ", StringComparison.Ordinal));
        Assert.Contains($"({certified} of 20;", line, StringComparison.Ordinal);
        Assert.Contains(", by ", line, StringComparison.Ordinal);
        Assert.Contains($"The distances are in {norm}, in [0,1] pixels, between images", run.Output, StringComparison.Ordinal);
        Assert.Contains("No attack inside its ball changed any of ", run.OutputLines[^1], StringComparison.Ordinal);
        Assert.Contains($"{norm} radius", await File.ReadAllTextAsync(_tool.File("c.svg")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_mean_over_mirror_images_is_certified_by_either_kind_of_bound_and_withstands_the_attack()
    {
        foreach (var method in new[] { "lipschitz", "crown" })
        {
            var run = await Tool.RunAsync(
                [.. _common, "--tta", "flip", "--method", method, "--epsilon", "0.05", "--output", _tool.File($"{method}.csv"),
                    "--attack-steps", "2"]);
            Assert.Equal(0, run.ExitCode);
            Assert.Contains("No attack inside its ball changed any of ", run.OutputLines[^1], StringComparison.Ordinal);
            var radii = (await File.ReadAllLinesAsync(_tool.File($"{method}.csv"))).Skip(1).Select(line => Parse(line.Split(',')[4]));
            Assert.Contains(radii, radius => radius > 0);
        }

        var refused = await Tool.RunAsync([.. _common, "--tta", "flip-shift"]);
        Assert.Contains("flip-shift", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_file_only_the_distances_are_proven_and_the_counts_are_the_same()
    {
        string[] args = [.. _common, "--method", "crown", "--epsilon", "3", "0.01", "0.1", "--no-attack"];
        var asked = await Tool.RunAsync([.. args, "--json", _tool.File("a.json")]);
        var searched = await Tool.RunAsync([.. args, "--output", _tool.File("c.csv"), "--json", _tool.File("b.json")]);
        Assert.Equal((0, 0), (asked.ExitCode, searched.ExitCode));
        Assert.Contains("No larger radii were looked for", asked.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("radii of right decisions", asked.Output, StringComparison.Ordinal);
        Assert.Contains("radii of right decisions", searched.Output, StringComparison.Ordinal);
        var (first, second) = (Counts("a.json"), Counts("b.json"));
        Assert.Equal(first, second);
        Assert.True(first[1] >= first[2] && first[1] > first[0], string.Join(' ', first)); // In the order given.

        int[] Counts(string file)
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(_tool.File(file)));
            return [.. json.RootElement.GetProperty("certified").EnumerateArray().Select(each =>
                each.GetProperty("by").TryGetProperty("crown", out var count) ? count.GetInt32() : 0)];
        }
    }

    [Theory]
    [InlineData("--method lipschitz has constants in l2 alone", "--method", "lipschitz", "--norm", "linf")]
    [InlineData("--method lipschitz has constants in l2 alone", "--norm", "l1")]
    [InlineData("--no-box has no effect with --method lipschitz", "--no-box")]
    [InlineData("--time-limit has no effect with --method lipschitz", "--time-limit", "3")]
    [InlineData("--time-limit is '0'", "--method", "crown", "--time-limit", "0")]
    public async Task Options_that_do_not_go_together_are_refused_in_one_line(string expected, params string[] args)
    {
        var run = await Tool.RunAsync([.. _common, .. args]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task P_values_of_radii_by_a_method_are_of_what_certify_finds_by_it()
    {
        var model = _tool.File("n.onnx");
        var calibrated = await Tool.RunAsync(
            "calibrate", "--model", model, "--data", "synthetic", "--split", "test", "--limit-test", "60", "--statistic", "radius",
            "--method", "crown", "--norm", "linf", "--json", _tool.File("k.json"));
        Assert.Equal(0, calibrated.ExitCode);
        Assert.Contains(", by class-purity radii (crown, linf, between images)", calibrated.Output, StringComparison.Ordinal);
        var scored = await Tool.RunAsync(
            "pvalue", "--model", model, "--data", "synthetic", "--limit-test", "20", "--output", _tool.File("p.csv"));
        Assert.Equal(0, scored.ExitCode);
        Assert.Equal(0, (await Tool.RunAsync(
            [.. _common, "--method", "crown", "--norm", "linf", "--no-attack", "--output", _tool.File("c.csv")])).ExitCode);
        var (expected, radii) = (Column("c.csv", "radius"), Column("p.csv", "radius"));
        Assert.Contains(radii, radius => radius > 0);
        Assert.All(expected.Zip(radii), pair => Assert.InRange(pair.Second, pair.First / 1.02, pair.First * 1.02)); // In steps.

        foreach (var (words, args) in new (string, string[])[]
        {
            ("--method complete stops when its time is up", ["--statistic", "radius", "--method", "complete"]),
            ("--method lipschitz has constants in l2 alone", ["--statistic", "radius", "--norm", "l1"]),
            ("--norm has no effect without --statistic radius", ["--norm", "l1"]),
        })
        {
            var refused = await Tool.RunAsync(["calibrate", "--model", model, "--data", "synthetic", .. args]);
            Assert.Equal(2, refused.ExitCode);
            Assert.Contains(words, Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        }

        double[] Column(string file, string name)
        {
            string[][] lines = [.. File.ReadLines(_tool.File(file)).Select(line => line.Split(','))];
            return [.. lines.Skip(1).Select(line => Parse(line[Array.IndexOf(lines[0], name)]))];
        }
    }

    private static double Parse(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Scores relu(2 mₖ·x − ‖mₖ‖² + 100), mₖ the mean of the training images of class k: the nearest mean.</summary>
    private static void SaveNearestMean(string path)
    {
        var train = SyntheticShapes.Create(500, 0).Train;
        var (weights, biases, unit) = (new float[Classes * Size], new float[Classes], new float[Classes * Classes]);
        for (var k = 0; k < Classes; k++)
        {
            int[] own = [.. Enumerable.Range(0, train.Count).Where(i => train.Labels[i] == k)];
            for (var at = 0; at < Size; at++)
            {
                var mean = own.Average(i => train.Pixels(i)[at] / 255.0);
                weights[(k * Size) + at] = (float)(2 * mean);
                biases[k] -= (float)(mean * mean);
            }

            biases[k] += 100;
            unit[(k * Classes) + k] = 1;
        }

        var graph = new GraphProto
        {
            Name = "nearest mean",
            Node =
            {
                Node("Flatten", ["images"], "flat"), Node("Gemm", ["flat", "w", "b"], "near", transposesB: true),
                Node("Relu", ["near"], "open"), Node("Gemm", ["open", "u", "z"], "scores", transposesB: true),
            },
            Initializer =
            {
                Tensor("w", weights, Classes, Size), Tensor("b", biases, Classes), Tensor("u", unit, Classes, Classes),
                Tensor("z", new float[Classes], Classes),
            },
            Input = { Value("images", 3, 32, 32) },
            Output = { Value("scores", Classes) },
        };
        var model = new ModelProto { IrVersion = 8, Graph = graph, OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 13 } } };
        File.WriteAllBytes(path, model.ToByteArray());
    }

    private static NodeProto Node(string type, string[] inputs, string output, bool transposesB = false)
    {
        var node = new NodeProto { Name = output, OpType = type, Input = { inputs }, Output = { output } };
        if (transposesB)
        {
            node.Attribute.Add(new AttributeProto { Name = "transB", Type = AttributeProto.Types.AttributeType.Int, I = 1 });
        }

        return node;
    }

    private static TensorProto Tensor(string name, float[] values, params long[] shape) => new()
    {
        Name = name,
        DataType = (int)TensorProto.Types.DataType.Float,
        Dims = { shape },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
    };

    private static ValueInfoProto Value(string name, params long[] sizes) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new()
                {
                    Dim =
                    {
                        new TensorShapeProto.Types.Dimension { DimParam = "N" },
                        sizes.Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }),
                    },
                },
            },
        },
    };
}

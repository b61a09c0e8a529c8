using System.Collections.Immutable;
using System.Globalization;
using System.Xml.Linq;
using MarginNet.Cli.Figures;
using MarginNet.PValues;
using StbImageSharp;

namespace MarginNet.Cli.Tests.Figures;

public sealed class UniformityPlotTests
{
    [Theory]
    [InlineData(300)]
    [InlineData(5000)]
    public void A_curve_rises_from_0_to_1_and_strays_from_the_diagonal_by_no_more_than_the_distance(int count)
    {
        var own = Calibrate(count).Classes[0];
        var (shares, values) = UniformityPlot.Curve(own);
        Assert.Equal(shares.Length, values.Length);
        Assert.Equal(shares.Order(), shares);
        Assert.Equal(values.Order(), values);
        Assert.InRange(shares[0], 0, 0.01);
        Assert.InRange(shares[^1], 0.99, 1);
        Assert.All(shares.Zip(values), point => Assert.True(Math.Abs(point.First - point.Second) <= own.KolmogorovSmirnov));
    }

    [Fact]
    public async Task A_picture_is_drawn_beside_the_null_model()
    {
        using var tool = new Tool();
        await LogitFiles.CalibrateAsync(tool, "--plot", tool.File("pp.png"));
        await LogitFiles.CalibrateAsync(tool, "--plot", tool.File("pp.svg"));
        var picture = ImageResult.FromMemory(File.ReadAllBytes(tool.File("pp.png")), ColorComponents.RedGreenBlue);
        Assert.True(picture is { Width: 1000, Height: 850 });
        var ink = Ink(picture, fromRow: 0, toRow: 35); // The title's band above the axes.
        Assert.InRange(ink, 500, 20_000); // Text, but not a bar of it; without a font there is none.
        var text = XDocument.Load(tool.File("pp.svg"))
            .Descendants()
            .Where(element => element.Name.LocalName == "text")
            .Select(element => element.Value.Trim())
            .ToArray();
        var nullModel = MarginNullModel.Load(tool.File("null.json"));
        Assert.Contains("lower-tail p-value", text);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"0 ({nullModel.Classes[0].KolmogorovSmirnov:f3})"), text);
    }

    [Fact]
    public void The_tool_brings_its_font() => Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "Fonts", "Vera.ttf")));

    [Fact]
    public async Task Another_kind_of_picture_is_refused_before_any_work()
    {
        using var tool = new Tool();
        var run = await Tool.RunAsync("calibrate", "--model", tool.File("m.pt"), "--plot", tool.File("pp.gif"));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("pp.gif': expected a name that ends in .png or .svg.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Margins_that_no_mixture_describes_are_warned_of()
    {
        using var tool = new Tool();
        var random = new Random(0);
        // One class, most of whose margins lie at a hard edge.
        var margins = Enumerable.Range(0, 400).Select(i => i % 4 == 0 ? random.NextDouble() : 1).ToImmutableArray();
        File.WriteAllLines(tool.File("train.csv"), margins.Select(margin => FormattableString.Invariant($"{margin},0")));
        File.WriteAllLines(tool.File("labels.csv"), margins.Select(_ => "0"));
        var run = await Tool.RunAsync(
            "calibrate", "--logits", tool.File("train.csv"), "--labels", tool.File("labels.csv"), "--out", tool.File("null.json"));
        Assert.Equal(0, run.ExitCode);
        var own = MarginNullModel.Load(tool.File("null.json")).Classes[0];
        Assert.Contains(
            string.Create(
                CultureInfo.InvariantCulture,
                $"warning: the mixture describes the margins poorly of class '0' (Kolmogorov-Smirnov distance {own.KolmogorovSmirnov:g2})"),
            run.Error,
            StringComparison.Ordinal);
        var fields = run.OutputLines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["0", "400", "0", "0"], fields[..4]);
        Assert.EndsWith("?", fields[4], StringComparison.Ordinal);
        Assert.Equal(own.KolmogorovSmirnov.ToString("f3", CultureInfo.InvariantCulture), fields[5]);
    }

    private static MarginNullModel Calibrate(int count)
    {
        var random = new Random(5);
        double[] margins = [.. Enumerable.Range(0, count).Select(_ => -Math.Log(random.NextDouble()))];
        return MarginNullModel.Fit(margins, new int[count], new int[count], 1);
    }

    private static int Ink(ImageResult picture, int fromRow, int toRow) =>
        Enumerable.Range(fromRow * picture.Width, (toRow - fromRow) * picture.Width).Count(pixel => picture.Data[3 * pixel] < 128);
}

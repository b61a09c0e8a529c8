using System.Globalization;
using MarginNet.Models;

namespace MarginNet.Cli.Output;

/// <summary>What an exported file takes and gives, as lines of text.</summary>
internal static class ExportSummary
{
    public static void WriteGraph(TextWriter output, MarginModel model, string file)
    {
        var (channels, (height, width)) = (model.Network.Options.Normalization.Mean.Length, model.ImageSize);
        Line(output, $"input    images [N, {channels}, {height}, {width}], float32 pixels in [0, 1]; normalised inside");
        Line(output, $"output   scores [N, {model.ClassNames.Length}]: {string.Join(", ", model.ClassNames)}");
        WriteFile(output, file);
    }

    public static void WriteWeights(TextWriter output, MarginModel model, string file)
    {
        var options = model.Network.Options;
        Line(output, $"input    (pixels - mean) / std, of pixels in [0, 1]; mean {List(options.Normalization.Mean)}; std {List(options.Normalization.StandardDeviation)}");
        Line(output, $"output   scores [N, {model.ClassNames.Length}]{(options.Rectify ? ", negative ones to be set to 0" : "")}: {string.Join(", ", model.ClassNames)}");
        WriteFile(output, file);
    }

    private static void WriteFile(TextWriter output, string file) => Line(output, $"written  {file} ({new FileInfo(file).Length:n0} bytes)");

    private static string List(IEnumerable<double> values) => string.Join(", ", values.Select(value => value.ToString("g6", CultureInfo.InvariantCulture)));

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}

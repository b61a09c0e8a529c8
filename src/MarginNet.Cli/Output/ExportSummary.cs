using System.Globalization;
using System.Text.Json;
using MarginNet.ModelFiles;
using MarginNet.Models;

namespace MarginNet.Cli.Output;

/// <summary>What an exported file takes and gives, as text and as JSON.</summary>
/// <param name="model">What was exported.</param>
/// <param name="format">The word for the format.</param>
/// <param name="file">The exported file.</param>
/// <param name="isWhole">Whether it is the whole classifier, which normalises and rectifies by itself, and not its weights alone.</param>
internal sealed class ExportSummary(MarginModel model, string format, string file, bool isWhole)
{
    private readonly ClassifierOptions _options = model.Network.Options;

    private long Bytes => new FileInfo(file).Length;

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        var (channels, (height, width)) = (_options.Normalization.Mean.Length, model.ImageSize);
        if (isWhole)
        {
            Line($"input    images [N, {channels}, {height}, {width}], float32 pixels in [0, 1]; normalised inside");
        }
        else
        {
            Line(
                $"input    (pixels - mean) / std, of pixels in [0, 1]; mean {List(_options.Normalization.Mean)}; std {List(_options.Normalization.StandardDeviation)}");
        }

        Line(
            $"output   scores [N, {model.ClassNames.Length}]{(!isWhole && _options.Rectify ? ", negative ones to be set to 0" : "")}: {string.Join(", ", model.ClassNames)}");
        Line($"written  {file} ({Bytes:n0} bytes)");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("file", file);
        json.WriteString("format", format);
        json.WriteNumber("bytes", Bytes);
        json.WriteBoolean("normalizes_inside", isWhole);
        ModelJson.Write(json, model);
        json.WriteEndObject();
    }

    private static string List(IEnumerable<double> values) =>
        string.Join(", ", values.Select(value => value.ToString("g6", CultureInfo.InvariantCulture)));
}

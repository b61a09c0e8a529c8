using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Data;
using MarginNet.Lipschitz;

namespace MarginNet.Cli.Output;

/// <summary>CLEVER's estimates of some samples, as lines of text or as JSON.</summary>
internal sealed class CleverTable(Clever[] samples, CleverOptions options, ImmutableArray<string> classNames, ImageSet images)
{
    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

        var name = Math.Max("nearest rival".Length, classNames.Max(own => own.Length));
        output.WriteLine();
        Line($"CLEVER estimates, which certify nothing: {options.Batches} batches of {options.Samples} points within {options.Radius:g4}.");
        Line(
            $"{"sample",6}  {"class".PadRight(name)}  {"nearest rival".PadRight(name)}  {"margin",8}  {"L, estimated",12}  {"largest seen",12}  {"radius, est.",12}  {"KS p",6}  from");
        for (var i = 0; i < samples.Length; i++)
        {
            var pair = samples[i].Nearest;
            Line(
                $"{images.Numbers[i],6}  {classNames[samples[i].PredictedClass].PadRight(name)}  {classNames[pair.Rival].PadRight(name)}  {pair.Margin,8:g4}  {pair.Lipschitz.Value,12:g5}  {pair.SampleMaximum.Value,12:g5}  {pair.Radius,12:g4}  {(double.IsNaN(pair.PValue) ? "-" : pair.PValue.ToString("f3", CultureInfo.InvariantCulture)),6}  {Describe(pair.Source)}{(images.Files.IsEmpty ? "" : $"  {images.Files[i]}")}");
        }

        var pairs = samples.SelectMany(sample => sample.Pairs).ToArray();
        Line(
            $"{pairs.Count(pair => pair.Source == CleverSource.Fit)} of {pairs.Length} pairs of sample and rival are fitted; of the others the largest gradient seen stands for L.");
    }

    /// <summary>Writes all pairs as an array of the object that is open.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartArray("clever_estimates");
        for (var i = 0; i < samples.Length; i++)
        {
            foreach (var pair in samples[i].Pairs)
            {
                json.WriteStartObject();
                json.WriteNumber("sample", images.Numbers[i]);
                if (!images.Files.IsEmpty)
                {
                    json.WriteString("file", images.Files[i]);
                }

                json.WriteString("class", classNames[samples[i].PredictedClass]);
                json.WriteString("rival", classNames[pair.Rival]);
                json.WriteNumber("margin", pair.Margin);
                JsonNumbers.Write(json, "estimate", pair.Lipschitz.Value);
                JsonNumbers.Write(json, "sample_maximum", pair.SampleMaximum.Value);
                JsonNumbers.Write(json, "radius_estimate", pair.Radius);
                JsonNumbers.Write(json, "location", pair.Fit?.Location ?? double.NaN);
                JsonNumbers.Write(json, "scale", pair.Fit?.Scale ?? double.NaN);
                JsonNumbers.Write(json, "shape", pair.Fit?.Shape ?? double.NaN);
                JsonNumbers.Write(json, "p_value", pair.PValue);
                json.WriteString("from", JsonNamingPolicy.SnakeCaseLower.ConvertName(pair.Source.ToString()));
                json.WriteEndObject();
            }
        }

        json.WriteEndArray();
    }

    private static string Describe(CleverSource source) => source switch
    {
        CleverSource.Fit => "fit",
        CleverSource.FewMaxima => "largest seen: fewer than 10 batches",
        CleverSource.EqualMaxima => "largest seen: the maxima are all alike",
        CleverSource.RefusedFit => "largest seen: fit refused by KS",
        _ => "largest seen: no fit",
    };
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a calibration came to, as text and as JSON.</summary>
internal sealed class CalibrationSummary(MarginNullModel nullModel, Samples fitted, Samples chosenOn, Samples? atypical, string choice, string file)
{
    public void Write(TextWriter output)
    {
        WriteFit(output, fitted.ClassNames);
        var (rule, source) = (nullModel.Rule!, nullModel.Source == CalibrationSource.HeldOut ? "kept out of training" : "the network was trained on");
        Line(output, $"calibrated on     {nullModel.Pooled.SampleCount} right decisions of {fitted.Count} samples {source} ({fitted.Source})");
        Line(output, $"flagged where     p ({FlagOptions.Describe(rule.Tail, rule.Null)}) <= {rule.Threshold.Value:g9}: {choice}");
        Line(output, $"false positives   {Describe(rule.Threshold.FalsePositives)} right decisions ({chosenOn.Source})");
        Line(output, $"true positives    {Describe(rule.Threshold.TruePositives)} {(atypical is null ? $"wrong decisions ({chosenOn.Source})" : atypical.Source)}");
        foreach (var warning in PValueSummary.Warnings(nullModel, fitted.ClassNames))
        {
            output.WriteLine(warning);
        }

        Line(output, $"written           {file}");
    }

    private void WriteFit(TextWriter output, ImmutableArray<string> classNames)
    {
        var width = Math.Max("class".Length, classNames.Max(name => name.Length));
        Line(output, $"{"class".PadRight(width)}  right  wrong  zero margins  components  Kolmogorov-Smirnov  allowed");
        for (var c = 0; c < classNames.Length; c++)
        {
            var own = nullModel.Classes[c];
            var components = string.Create(CultureInfo.InvariantCulture, $"{own.Distribution.Fit.Mixture.Components.Length}{(own.IsPooled ? "*" : "")}");
            Line(
                output,
                $"{classNames[c].PadRight(width)}  {own.SampleCount,5}  {own.MisclassifiedCount,5}  {own.ZeroCount,12}  {components,10}  {Number(own.KolmogorovSmirnov),18}  {Number(PValueSummary.AllowedDistance(own.SampleCount)),7}");
        }

        var pooled = nullModel.Pooled;
        Line(
            output,
            $"{"all".PadRight(width)}  {pooled.SampleCount,5}  {nullModel.MisclassifiedCount,5}  {pooled.ZeroCount,12}  {pooled.Fit.Mixture.Components.Length,10}  {Number(pooled.KolmogorovSmirnov),18}  {Number(PValueSummary.AllowedDistance(pooled.SampleCount)),7}");
    }

    public void Write(Utf8JsonWriter json)
    {
        var rule = nullModel.Rule!;
        json.WriteStartObject();
        json.WriteString("written", file);
        json.WriteBoolean("held_out", nullModel.Source == CalibrationSource.HeldOut);
        json.WriteNumber("samples", fitted.Count);
        json.WriteNumber("right", nullModel.Pooled.SampleCount);
        json.WriteString("tail", JsonNamingPolicy.KebabCaseLower.ConvertName(rule.Tail.ToString()));
        json.WriteString("null", JsonNamingPolicy.KebabCaseLower.ConvertName(rule.Null.ToString()));
        JsonNumbers.Write(json, "threshold", rule.Threshold.Value);
        JsonNumbers.Write(json, "false_positive_rate", rule.Threshold.FalsePositives);
        JsonNumbers.Write(json, "true_positive_rate", rule.Threshold.TruePositives);
        json.WriteStartArray("classes");
        foreach (var (name, own) in fitted.ClassNames.Zip(nullModel.Classes))
        {
            json.WriteStartObject();
            json.WriteString("class", name);
            json.WriteNumber("right", own.SampleCount);
            json.WriteNumber("wrong", own.MisclassifiedCount);
            json.WriteNumber("zero_margins", own.ZeroCount);
            json.WriteNumber("components", own.Distribution.Fit.Mixture.Components.Length);
            json.WriteBoolean("pooled", own.IsPooled);
            JsonNumbers.Write(json, "kolmogorov_smirnov", own.KolmogorovSmirnov);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Describe(Proportion share) => share.Total == 0 ? "none of 0" : $"{ShareText.WithInterval(share)}, of";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("f3", CultureInfo.InvariantCulture) : "-";

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Detection;
using MarginNet.Evaluation;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a calibration came to, as text and as JSON.</summary>
internal sealed class CalibrationSummary(
    MarginNullModel nullModel, Samples fitted, Samples chosenOn, Samples? atypical, bool isSupervised, string choice, string file)
{
    /// <summary>What fresh right decisions may expect of a rule chosen without others; null where it was chosen by them.</summary>
    private readonly ExpectedRate? _expected = isSupervised ? null : ExpectedRate.Compute(nullModel, nullModel.Rule!);

    /// <summary>How far a temperature mended confidences; null where none was fitted.</summary>
    public (EvaluationReport Before, EvaluationReport After)? Mended { get; init; }

    /// <summary>The weights of the samples; null for none.</summary>
    public double[]? Weights { get; init; }

    private string[] Confidences => [.. nullModel.Confidences.Keys.Order().Select(ConfidenceRank.NameOf)];

    public void Write(TextWriter output)
    {
        WriteFit(output, fitted.ClassNames);
        var (rule, source) = (nullModel.Rule!, nullModel.Source == CalibrationSource.HeldOut
            ? "kept out of training"
            : "the network was trained on");
        Line(
            output,
            $"calibrated on     {nullModel.Pooled.SampleCount} right decisions of {fitted.Count} samples {source} ({fitted.Source}){(nullModel.Radii is { } radii ? $", by class-purity radii ({CertificateSettings.Describe(radii)})" : "")}");
        Line(output, $"flagged where     p ({FlagOptions.Describe(rule.Tail, rule.Null)}) <= {rule.Threshold.Value:g9}: {choice}");
        if (_expected is null)
        {
            Line(output, $"false positives   {Describe(rule.Threshold.FalsePositives)} right decisions ({chosenOn.Source})");
        }
        else
        {
            WriteExpected(output, _expected);
        }

        Line(
            output,
            $"true positives    {Describe(rule.Threshold.TruePositives)} {(atypical is null ? $"wrong decisions ({chosenOn.Source})" : atypical.Source)}");
        if (Mended is var (before, after))
        {
            Line(
                output,
                $"temperature       {nullModel.Temperature:g4}: calibration error {before.ExpectedCalibrationError:f4} becomes {after.ExpectedCalibrationError:f4}, negative log-likelihood {before.NegativeLogLikelihood:f4} becomes {after.NegativeLogLikelihood:f4}, on these samples");
        }

        if (!nullModel.Confidences.IsEmpty)
        {
            Line(output, $"confidences       {string.Join(", ", Confidences)}: 'marginnet pvalue --confidence' has p-values of them");
        }

        if (Weights is not null)
        {
            Line(output, $"weights           of sets and confidences: {fitted.Count} samples are worth {EffectiveCount(Weights):f0} without weights");
        }

        Line(output, $"written           {file}");
    }

    /// <summary>Kish's effective size of a weighted sample, (Σw)²/Σw².</summary>
    private static double EffectiveCount(double[] weights)
    {
        var total = weights.Sum();
        return total / weights.Sum(weight => weight * (weight / total));
    }

    private void WriteExpected(TextWriter output, ExpectedRate expected)
    {
        var known = Enumerable.Range(0, fitted.ClassNames.Length).Where(c => nullModel.Classes[c].SampleCount > 0).ToArray();
        var worst = known.MaxBy(c => expected.Classes[c].High);
        var (low, high) = (known.Min(c => expected.SmallestPValues[c]), known.Max(c => expected.SmallestPValues[c]));
        var doubt = nullModel.Source == CalibrationSource.HeldOut ? "" : $", if their {CalibrationWarnings.Subject(nullModel)} were as large as training {CalibrationWarnings.Subject(nullModel)} are";
        Line(
            output,
            $"fresh ones        {expected.Mean:p2} of right decisions are expected to be flagged, 95 % interval {expected.Interval.Low:p2} to {expected.Interval.High:p2}{doubt}");
        Line(
            output,
            $"worst class       {fitted.ClassNames[worst]}: {expected.Classes[worst].Low:p2} to {expected.Classes[worst].High:p2} of its right decisions, by {nullModel.Classes[worst].SampleCount} calibrated on");
        Line(output, $"smallest p        {low:g3}{(high > low ? $" to {high:g3}, by class" : "")}: what so many samples support");
        Line(
            output,
            $"false positives   {nullModel.Rule!.Threshold.FalsePositives.Count} of {nullModel.Rule.Threshold.FalsePositives.Total} right decisions calibrated on");
    }

    private void WriteFit(TextWriter output, ImmutableArray<string> classNames)
    {
        var width = Math.Max("class".Length, classNames.Max(name => name.Length));
        Line(output, $"{"class".PadRight(width)}  right  wrong  {$"zero {CalibrationWarnings.Subject(nullModel)}",12}  components  Kolmogorov-Smirnov  p of fit");
        for (var c = 0; c < classNames.Length; c++)
        {
            var own = nullModel.Classes[c];
            var components =
                string.Create(CultureInfo.InvariantCulture, $"{own.Distribution.Fit.Mixture.Components.Length}{PValueSummary.Mark(own)}");
            Line(
                output,
                $"{classNames[c].PadRight(width)}  {own.SampleCount,5}  {own.MisclassifiedCount,5}  {own.ZeroCount,12}  {components,10}  {Number(own.KolmogorovSmirnov),18}  {Number(own.FitPValue),8}");
        }

        var pooled = nullModel.Pooled;
        Line(
            output,
            $"{"all".PadRight(width)}  {pooled.SampleCount,5}  {nullModel.MisclassifiedCount,5}  {pooled.ZeroCount,12}  {pooled.Fit.Mixture.Components.Length,10}  {Number(pooled.KolmogorovSmirnov),18}  {Number(pooled.FitPValue),8}");
    }

    public void Write(Utf8JsonWriter json)
    {
        var rule = nullModel.Rule!;
        json.WriteStartObject();
        json.WriteString("written", file);
        json.WriteBoolean("held_out", nullModel.Source == CalibrationSource.HeldOut);
        json.WriteNumber("samples", fitted.Count);
        json.WriteNumber("right", nullModel.Pooled.SampleCount);
        json.WriteString("statistic", nullModel.Radii is null ? "margin" : "radius");
        if (nullModel.Radii is { } radii)
        {
            json.WriteString("radius_method", radii.Method);
            json.WriteString("radius_norm", CertificateSettings.NameOf(radii.Norm));
            json.WriteBoolean("radius_box", radii.IsCut);
        }

        json.WriteString("tail", JsonNamingPolicy.KebabCaseLower.ConvertName(rule.Tail.ToString()));
        json.WriteString("null", JsonNamingPolicy.KebabCaseLower.ConvertName(rule.Null.ToString()));
        JsonNumbers.Write(json, "threshold", rule.Threshold.Value);
        JsonNumbers.Write(json, "false_positive_rate", rule.Threshold.FalsePositives);
        JsonNumbers.Write(json, "true_positive_rate", rule.Threshold.TruePositives);
        if (_expected is not null)
        {
            JsonNumbers.Write(json, "expected_false_positive_rate", _expected.Mean, _expected.Interval);
        }

        if (nullModel.Temperature is { } temperature)
        {
            json.WriteNumber("temperature", temperature);
        }

        if (Confidences is { Length: > 0 } confidences)
        {
            json.WriteStartArray("confidences");
            Array.ForEach(confidences, json.WriteStringValue);
            json.WriteEndArray();
        }

        if (Weights is not null)
        {
            json.WriteNumber("effective_samples", EffectiveCount(Weights));
        }

        json.WriteStartArray("classes");
        for (var c = 0; c < fitted.ClassNames.Length; c++)
        {
            var (name, own) = (fitted.ClassNames[c], nullModel.Classes[c]);
            json.WriteStartObject();
            json.WriteString("class", name);
            json.WriteNumber("right", own.SampleCount);
            json.WriteNumber("wrong", own.MisclassifiedCount);
            json.WriteNumber(nullModel.Radii is null ? "zero_margins" : "zero_radii", own.ZeroCount);
            json.WriteNumber("components", own.Distribution.Fit.Mixture.Components.Length);
            json.WriteBoolean("pooled", own.IsPooled);
            JsonNumbers.Write(json, "kolmogorov_smirnov", own.KolmogorovSmirnov);
            JsonNumbers.Write(json, "fit_p", own.FitPValue);
            if (_expected is not null)
            {
                json.WriteNumber("smallest_p", _expected.SmallestPValues[c]);
                json.WriteStartArray("false_positive_rate_interval");
                json.WriteNumberValue(_expected.Classes[c].Low);
                json.WriteNumberValue(_expected.Classes[c].High);
                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Describe(Proportion share) => share.Total == 0 ? "none of 0" : $"{ShareText.WithInterval(share)}, of";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("f3", CultureInfo.InvariantCulture) : "-";

    private static void Line(TextWriter output, FormattableString text) =>
        output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}

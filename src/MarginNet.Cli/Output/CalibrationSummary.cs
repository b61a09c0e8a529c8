using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a calibration came to, as lines of text.</summary>
internal static class CalibrationSummary
{
    public static void Write(TextWriter output, MarginNullModel nullModel, Samples fitted, Samples chosenOn, Samples? atypical, string choice, string file)
    {
        WriteFit(output, nullModel, fitted.ClassNames);
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

    private static void WriteFit(TextWriter output, MarginNullModel nullModel, ImmutableArray<string> classNames)
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

    private static string Describe(Proportion share) => share.Total == 0 ? "none of 0" : $"{ShareText.WithInterval(share)}, of";

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("f3", CultureInfo.InvariantCulture) : "-";

    private static void Line(TextWriter output, FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}

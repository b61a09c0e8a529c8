using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Evaluation;

namespace MarginNet.Cli.Output;

/// <summary>An evaluation as text and as JSON.</summary>
/// <param name="report">The figures.</param>
/// <param name="classNames">The name of each class.</param>
/// <param name="subject">What was evaluated, such as: m.pt on its test images.</param>
/// <param name="temperature">The calibrated temperature of the confidences; null where there is none.</param>
internal sealed class EvaluationTable(EvaluationReport report, ImmutableArray<string> classNames, string subject, double? temperature)
{
    private const int MostConfused = 20; // Classes whose confusion is still readable as text; JSON has any number.

    public void Write(TextWriter output)
    {
        Line(output, $"evaluated         {subject}");
        Line(output, $"accuracy          {ShareText.WithInterval(report.Accuracy)}");
        if (report.ConstraintsMet is { } met)
        {
            Line(output, $"constraints met   {ShareText.WithInterval(met)} (labelled margin at least {report.TargetMargin})");
        }

        Line(
            output,
            $"calibration       expected error {report.ExpectedCalibrationError:f4} in {report.CalibrationBins.Length} bins of softmax confidence{(temperature is null ? "" : $" at the calibrated temperature {temperature:g4}")}; negative log-likelihood {report.NegativeLogLikelihood:f4} nats");
        output.WriteLine();
        WriteClasses(output);
        output.WriteLine();
        WriteMargins(output);
    }

    private void WriteClasses(TextWriter output)
    {
        var names = classNames.Select((name, c) => string.Create(CultureInfo.InvariantCulture, $"{c} {name}")).ToArray();
        var width = Math.Max("class".Length, names.Max(name => name.Length));
        var columns = classNames.Length <= MostConfused ? classNames.Length : 0;
        Line(output, $"{"class".PadRight(width)}  samples  {"right, exact 95 % interval",-26}{(columns > 0 ? "   taken for class" : "")}");
        if (columns > 0)
        {
            Line(output, $"{"".PadRight(width)}  {"",7}  {"",-26}{string.Concat(Enumerable.Range(0, columns).Select(Cell))}");
        }

        for (var label = 0; label < names.Length; label++)
        {
            var share = report.ClassAccuracies[label];
            var row = string.Concat(Enumerable.Range(0, columns).Select(c => Cell(report.Confusion[label, c])));
            Line(output, $"{names[label].PadRight(width)}  {share.Total,7}  {ShareText.Cell(share),-26}{row}");
        }

        static string Cell(int number) => string.Create(CultureInfo.InvariantCulture, $"{number,6}");
    }

    private void WriteMargins(TextWriter output)
    {
        Line(
            output,
            $"margin quantiles  {string.Concat(report.LabelledMargins.Select(quantile => string.Create(CultureInfo.InvariantCulture, $"{quantile.Level * 100,9:0.##} %")))}");
        Line(output, $"labelled          {string.Concat(report.LabelledMargins.Select(Cell))}");
        Line(output, $"decision          {string.Concat(report.DecisionMargins.Select(Cell))}");

        static string Cell(MarginQuantile quantile) => string.Create(CultureInfo.InvariantCulture, $"{quantile.Margin,11:g5}");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("evaluated", subject);
        json.WriteNumber("count", report.Accuracy.Total);
        JsonNumbers.Write(json, "accuracy", report.Accuracy);
        if (report.ConstraintsMet is { } met)
        {
            json.WriteNumber("target_margin", report.TargetMargin!.Value);
            JsonNumbers.Write(json, "constraints_met", met);
        }

        if (temperature is { } value)
        {
            json.WriteNumber("temperature", value);
        }

        JsonNumbers.Write(json, "negative_log_likelihood", report.NegativeLogLikelihood);
        JsonNumbers.Write(json, "expected_calibration_error", report.ExpectedCalibrationError);
        WriteArray(json, "calibration_bins", report.CalibrationBins, bin =>
        {
            json.WriteNumber("count", bin.Count);
            JsonNumbers.Write(json, "accuracy", bin.Accuracy);
            JsonNumbers.Write(json, "confidence", bin.Confidence);
        });
        Write(json, "labelled_margin_quantiles", report.LabelledMargins);
        Write(json, "decision_margin_quantiles", report.DecisionMargins);
        WriteArray(json, "classes", Enumerable.Range(0, classNames.Length), label =>
        {
            json.WriteString("class", classNames[label]);
            json.WriteNumber("count", report.ClassAccuracies[label].Total);
            JsonNumbers.Write(json, "accuracy", report.ClassAccuracies[label]);
            json.WriteStartArray("taken_for");
            for (var c = 0; c < classNames.Length; c++)
            {
                json.WriteNumberValue(report.Confusion[label, c]);
            }

            json.WriteEndArray();
        });
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, ImmutableArray<MarginQuantile> quantiles) =>
        WriteArray(json, name, quantiles, quantile =>
        {
            json.WriteNumber("level", quantile.Level);
            json.WriteNumber("margin", quantile.Margin);
        });

    private static void WriteArray<T>(Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Line(TextWriter output, FormattableString text) =>
        output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
}

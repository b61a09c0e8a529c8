using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Margins;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>The margin and the p-values of one sample; the true class is −1 where unknown.</summary>
internal readonly record struct PValueRow(int TrueClass, int PredictedClass, double Margin, MarginPValue PValue, bool Flagged);

/// <summary>The p-values of a set of samples, as CSV or JSON.</summary>
internal sealed class PValueTable
{
    private readonly ImmutableArray<string> _classNames;

    private PValueTable(ImmutableArray<PValueRow> rows, ImmutableArray<string> classNames, PValueTail tail, double alpha) =>
        (Rows, _classNames, Tail, Alpha) = (rows, classNames, tail, alpha);

    public ImmutableArray<PValueRow> Rows { get; }

    public PValueTail Tail { get; }

    public double Alpha { get; }

    /// <summary>Scores every sample, and flags those whose p-value in the chosen tail is at most alpha.</summary>
    public static PValueTable Compute(
        ScoreMatrix scores, ReadOnlySpan<int> labels, MarginNullModel nullModel, ImmutableArray<string> classNames, PValueTail tail, double alpha)
    {
        var (classes, margins) = scores.Decisions();
        var values = new MarginPValue[scores.Count];
        nullModel.Score(margins, classes, values);
        var rows = ImmutableArray.CreateBuilder<PValueRow>(scores.Count);
        for (var i = 0; i < values.Length; i++)
        {
            rows.Add(new(labels[i], classes[i], margins[i], values[i], values[i].Of(tail) <= alpha));
        }

        return new(rows.MoveToImmutable(), classNames, tail, alpha);
    }

    /// <summary>Writes a file, whole or not at all, as JSON if its name says so and as CSV otherwise.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        if (Path.GetExtension(path) == ".json")
        {
            WriteJson(stream);
            return;
        }

        using var writer = new StreamWriter(stream, leaveOpen: true);
        WriteCsv(writer);
    });

    public void WriteCsv(TextWriter writer)
    {
        writer.WriteLine("index,true,predicted,margin,log_margin,p_formula,p_lower,flagged");
        for (var i = 0; i < Rows.Length; i++)
        {
            var row = Rows[i];
            var (truth, predicted) = (row.TrueClass < 0 ? "" : Csv.Quote(_classNames[row.TrueClass]), Csv.Quote(_classNames[row.PredictedClass]));
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{i},{truth},{predicted},{row.Margin:g9},{row.PValue.LogMargin:g9},{row.PValue.Formula:g9},{row.PValue.Lower:g9},{(row.Flagged ? "true" : "false")}"));
        }
    }

    private void WriteJson(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("tail", Tail.ToString());
        json.WriteNumber("alpha", Alpha);
        json.WriteStartArray("samples");
        for (var i = 0; i < Rows.Length; i++)
        {
            WriteRow(json, i, Rows[i]);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteRow(Utf8JsonWriter json, int index, PValueRow row)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteString("true", row.TrueClass < 0 ? null : _classNames[row.TrueClass]);
        json.WriteString("predicted", _classNames[row.PredictedClass]);
        json.WriteNumber("margin", row.Margin);
        if (double.IsFinite(row.PValue.LogMargin))
        {
            json.WriteNumber("log_margin", row.PValue.LogMargin);
        }
        else
        {
            json.WriteNull("log_margin"); // JSON has no infinity: the margin is 0.
        }

        json.WriteNumber("p_formula", row.PValue.Formula);
        json.WriteNumber("p_lower", row.PValue.Lower);
        json.WriteBoolean("flagged", row.Flagged);
        json.WriteEndObject();
    }
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Backdoors;
using MarginNet.Checkpoints;

namespace MarginNet.Cli.Output;

/// <summary>What the test for a backdoor came to, as text, as JSON and as CSV.</summary>
/// <param name="test">The test.</param>
/// <param name="classNames">The names of the classes.</param>
/// <param name="alpha">The largest p-value that a backdoor is suspected at.</param>
/// <param name="repair">The repair; null where none was asked for.</param>
internal sealed class BackdoorTable(
    MaximumMarginTest test, ImmutableArray<string> classNames, double alpha, RepairSummary? repair = null)
{
    private const int Shown = 5;

    /// <summary>The classes, that of the largest margin first.</summary>
    public ImmutableArray<int> Order { get; } = [.. Enumerable.Range(0, classNames.Length).OrderByDescending(c => test.Margins[c])];

    /// <summary>Whether a backdoor is suspected: by the calibrated p-value, which keeps its level.</summary>
    public bool IsSuspected => test.Outlier.CalibratedPValue <= alpha;

    /// <summary>The verdict, as a sentence.</summary>
    public string Verdict => test.Outlier.Doubt is { } doubt ? $"None can be given: {doubt}."
        : IsSuspected ? Text($"A backdoor with the target class {classNames[test.Suspect]} is suspected: calibrated p <= {alpha}.")
        : Text($"No backdoor is suspected: calibrated p > {alpha}.");

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        var width = classNames.Max(name => name.Length);
        Line($"largest margins of {classNames.Length} classes, over all images in [0,1]");
        foreach (var c in Order.Take(Shown))
        {
            Line($"  {classNames[c].PadRight(width)}  {test.Margins[c]:g5}");
        }

        if (Order.Length > Shown)
        {
            Line($"  ... down to {test.Margins[Order[^1]]:g5}");
        }

        if (test.Outlier.Null is { } law)
        {
            Line($"null of the others  Gamma, shape {law.Shape:g4}, scale {law.Scale:g4}");
            Line($"published p         {test.Outlier.PValue:g4}, of the largest of {test.Outlier.Count} above 0");
            Line($"calibrated p        {test.Outlier.CalibratedPValue:g4}, how often chance alone makes it so small");
        }

        Line($"verdict             {Verdict}");
        repair?.Write(output);
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("verdict", test.Outlier.Doubt is not null ? "no_null" : IsSuspected ? "suspected" : "not_suspected");
        json.WriteString("suspect", classNames[test.Suspect]);
        JsonNumbers.Write(json, "p_value", test.Outlier.PValue);
        JsonNumbers.Write(json, "calibrated_p_value", test.Outlier.CalibratedPValue);
        json.WriteNumber("margins_above_zero", test.Outlier.Count);
        json.WriteNumber("alpha", alpha);
        json.WriteString("doubt", test.Outlier.Doubt);
        JsonNumbers.Write(json, "shape", test.Outlier.Null?.Shape ?? double.NaN);
        JsonNumbers.Write(json, "scale", test.Outlier.Null?.Scale ?? double.NaN);
        json.WriteStartArray("classes");
        foreach (var (c, name) in classNames.Index())
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteNumber("margin", test.Margins[c]);
            JsonNumbers.Write(json, "upper_tail", Tail(c));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        repair?.Write(json);
        json.WriteEndObject();
    }

    /// <summary>Writes a row for each class.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write("class,margin,upper_tail,suspected\n");
        foreach (var (c, name) in classNames.Index())
        {
            var tail = double.IsNaN(Tail(c)) ? "" : Text($"{Tail(c):g9}");
            var isSuspected = IsSuspected && c == test.Suspect ? "true" : "false";
            writer.Write(Text($"{Csv.Quote(name)},{test.Margins[c]:g9},{tail},{isSuspected}\n"));
        }
    });

    /// <summary>1 − G(r) of a class; NaN where there is no null distribution.</summary>
    public double Tail(int c) => test.Outlier.Null?.UpperTail(test.Margins[c]) ?? double.NaN;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>The margin and the p-values of one sample; the true class is −1 where unknown, the radius null where the p-values
/// are of the margin. <paramref name="Adjusted"/> is the p-value that
/// flags, adjusted where that was asked for.</summary>
internal readonly record struct PValueRow(
    int TrueClass, int PredictedClass, double Margin, double? Radius, MarginPValue PValue, double Adjusted, bool Flagged)
{
    /// <summary>The score that flags instead of the margin, and its p-value; null for the margin.</summary>
    public (double Value, double P)? Confidence { get; init; }

    /// <summary>The classes that the sample may be of, the most probable first; null where they were not asked for.</summary>
    public int[]? Set { get; init; }

    /// <summary>Whether the true class is in the set.</summary>
    public bool HasTrueClass => Set!.Contains(TrueClass);

    /// <summary>The p-value that flags, before it is adjusted.</summary>
    public double P(PValueTail tail) => Confidence?.P ?? PValue.Of(tail);
}

/// <summary>The p-values of a set of samples, as CSV or JSON.</summary>
internal sealed class PValueTable
{
    private const int ChunkLength = 1 << 14;

    private readonly PValueFormat _format;
    private readonly Samples _samples;

    private PValueTable(
        ImmutableArray<PValueRow> rows, Samples samples, FlagRule rule, bool isAdjusted, ConfidenceRank? confidence, ClassSets? sets)
    {
        (Rows, _samples, Rule, IsAdjusted, Confidence, Sets) = (rows, samples, rule, isAdjusted, confidence, sets);
        _format = new(
            samples.ClassNames, rule.Tail, isAdjusted, withFile: !samples.Files.IsEmpty, withRadius: samples.Radii is not null,
            withSet: sets is not null, confidence?.Score);
    }

    public ImmutableArray<PValueRow> Rows { get; }

    public FlagRule Rule { get; }

    public bool IsAdjusted { get; }

    /// <summary>What flags instead of margins; null for these.</summary>
    public ConfidenceRank? Confidence { get; }

    /// <summary>The p-value that flags, in words.</summary>
    public string Deciding => PValueSummary.Describe(Rule, Confidence);

    /// <summary>What made the sets of the rows; null for none.</summary>
    public ClassSets? Sets { get; }

    /// <summary>The share of the sets that have the true class, of samples whose class is known.</summary>
    /// <param name="size">Of which size; null for all.</param>
    public Proportion Covered(int? size = null)
    {
        var known = Rows.Where(row => row.TrueClass >= 0 && (size ?? row.Set!.Length) == row.Set!.Length).ToArray();
        return new(known.Count(row => row.HasTrueClass), known.Length);
    }

    /// <summary>Scores every sample, and flags those whose p-value, or adjusted p-value, is at or below the rule's threshold.</summary>
    public static PValueTable Compute(Samples samples, MarginNullModel nullModel, FlagRule rule, bool adjust, Random? ties = null,
        ConfidenceRank? confidence = null, ClassSets? sets = null, double[]? weights = null)
    {
        var values = samples.PValues(nullModel, rule.Null, ties);
        var confidences = confidence is null
            ? null
            : Enumerable.Range(0, values.Length)
                .Select(i => confidence.Of(samples.Logits.Row(i), samples.Predicted[i], weights?[i] ?? 1))
                .ToArray();
        var deciding = confidences is null ? Array.ConvertAll(values, p => p.Of(rule.Tail)) : Array.ConvertAll(confidences, own => own.P);
        deciding = adjust ? BenjaminiHochberg.Adjust(deciding) : deciding;
        var rows = ImmutableArray.CreateBuilder<PValueRow>(values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            rows.Add(new(
                samples.Labels[i], samples.Predicted[i], samples.Margins[i], samples.Radii?[i], values[i], deciding[i],
                rule.Threshold.Flags(deciding[i]))
            {
                Confidence = confidences?[i],
                Set = sets?.Of(samples.Logits.Row(i), weights?[i] ?? 1),
            });
        }

        return new(rows.MoveToImmutable(), samples, rule, adjust, confidence, sets);
    }

    /// <summary>Writes a file, whole or not at all, as JSON if its name says so and as CSV otherwise.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        if (Path.GetExtension(path) == ".json")
        {
            using var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
            WriteJson(json);
            return;
        }

        using var writer = new StreamWriter(stream, leaveOpen: true);
        WriteCsv(writer);
    });

    public void WriteCsv(TextWriter writer)
    {
        writer.Write(_format.Header + '\n');
        var starts = Enumerable.Range(0, (Rows.Length + ChunkLength - 1) / ChunkLength).Select(chunk => chunk * ChunkLength);
        foreach (var text in starts.AsParallel().AsOrdered().Select(Lines))
        {
            writer.Write(text);
        }
    }

    private string? File(int sample) => _samples.Files.IsEmpty ? null : _samples.Files[sample];

    private StringBuilder Lines(int start)
    {
        var text = new StringBuilder();
        for (var i = start; i < Math.Min(start + ChunkLength, Rows.Length); i++)
        {
            _format.Append(text, _samples.Numbers[i], Rows[i], File(i));
        }

        return text;
    }

    public void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("tail", JsonNamingPolicy.KebabCaseLower.ConvertName(Rule.Tail.ToString()));
        json.WriteString("null", JsonNamingPolicy.KebabCaseLower.ConvertName(Rule.Null.ToString()));
        JsonNumbers.Write(json, "alpha", Rule.Threshold.Value);
        if (Confidence is not null)
        {
            json.WriteString("confidence", ConfidenceRank.NameOf(Confidence.Score));
        }

        if (Sets is not null)
        {
            json.WriteString("sets", Sets.Name);
            json.WriteNumber("coverage", Sets.Coverage);
        }

        json.WriteStartArray("samples");
        for (var i = 0; i < Rows.Length; i++)
        {
            _format.Write(json, _samples.Numbers[i], Rows[i], File(i));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

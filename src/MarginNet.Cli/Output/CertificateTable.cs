using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Certificates;
using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Detection;
using MarginNet.Margins;

namespace MarginNet.Cli.Output;

/// <summary>Certified radii as CSV, and what they come to.</summary>
/// <param name="radii">The certificates.</param>
/// <param name="scores">The scores they are from.</param>
/// <param name="images">The samples, which know their classes, their numbers in the data set and their files.</param>
/// <param name="classNames">The names of the classes.</param>
/// <param name="attackedAt">The least distance at which an attack had each sample misclassified; null without an attack.</param>
internal sealed class CertificateTable(
    CertifiedRadius[] radii, ScoreMatrix scores, ImageSet images, ImmutableArray<string> classNames, double[]? attackedAt)
{
    private static readonly double[] Quantiles = [0.1, 0.5, 0.9];

    private readonly int[] _labels = images.Labels.ToArray();

    public void Write(TextWriter output, IEnumerable<(string Text, double Value)> distances)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        var right = radii.Where((radius, i) => radius.PredictedClass == _labels[i]).ToArray();
        Line($"clean accuracy              {Describe(new(right.Length, radii.Length))}");
        foreach (var (text, value) in distances)
        {
            if (attackedAt is not null)
            {
                Line($"PGD at {text,-20} {Describe(AttackedDistance.Accuracy(attackedAt, value))}");
            }

            Line($"certified at {text,-14} {Describe(CertifiedAccuracy.Compute(radii, _labels, value))}");
        }

        var sorted = right.Select(radius => radius.Radius).Order().ToArray();
        if (sorted.Length > 0)
        {
            Line(
                $"radii of right decisions    {string.Join(", ", Quantiles.Select(q => FormattableString.Invariant($"{100 * q:f0} % below {sorted[(int)(q * (sorted.Length - 1))]:g3}")))}");
        }

        Line(
            $"proven by                   {string.Join(", ", radii.GroupBy(radius => radius.Source).OrderBy(group => group.Key).Select(group => $"{Name(group.Key)} {group.Count()}"))}");
        if (RoundingCost() is { } cost)
        {
            Line($"taken off for rounding      {100 * cost:g3} % of the median radius (the median), for what float32 may do to the scores");
        }

        Line($"The radii are in l2, in [0,1] pixels, and of the network as it is run on a CPU.");
    }

    public void Write(Utf8JsonWriter json, IEnumerable<(string Text, double Value)> distances)
    {
        json.WriteStartObject();
        json.WriteNumber("count", radii.Length);
        JsonNumbers.Write(
            json, "clean_accuracy", new Proportion(radii.Where((radius, i) => radius.PredictedClass == _labels[i]).Count(), radii.Length));
        if (RoundingCost() is { } cost)
        {
            json.WriteNumber("rounding_cost", cost);
        }

        json.WriteStartArray("certified");
        foreach (var (_, value) in distances)
        {
            json.WriteStartObject();
            json.WriteNumber("epsilon", value);
            JsonNumbers.Write(json, "accuracy", CertifiedAccuracy.Compute(radii, _labels, value));
            if (attackedAt is not null)
            {
                JsonNumbers.Write(json, "under_attack", AttackedDistance.Accuracy(attackedAt, value));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(
            $"index,true,predicted,margin,radius,radius_before_rounding,source{(attackedAt is null ? "" : ",attacked_at")}{(images.Files.IsEmpty ? "" : ",file")}\n");
        for (var i = 0; i < radii.Length; i++)
        {
            var margin = DecisionMargin.Compute(scores[i]).Margin;
            writer.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{images.Numbers[i]},{Csv.Quote(classNames[_labels[i]])},{Csv.Quote(classNames[radii[i].PredictedClass])},{margin:g9},{radii[i].Radius:g9},{radii[i].RadiusBeforeRounding:g9},{Name(radii[i].Source)}"));
            writer.Write(attackedAt is null
                ? ""
                : double.IsFinite(attackedAt[i]) ? string.Create(CultureInfo.InvariantCulture, $",{attackedAt[i]:g9}") : ",");
            writer.Write(images.Files.IsEmpty ? "\n" : $",{Csv.Quote(images.Files[i])}\n");
        }
    });

    /// <summary>The median of what rounding takes from the radii of right decisions, as a share of their median without it;
    /// null where that is 0.</summary>
    private double? RoundingCost()
    {
        var right = radii.Where((radius, i) => radius.PredictedClass == _labels[i]).ToArray();
        var median = Median(right.Select(radius => radius.RadiusBeforeRounding));
        return median > 0 ? Median(right.Select(radius => radius.RadiusBeforeRounding - radius.Radius)) / median : null;
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[(sorted.Length - 1) / 2];
    }

    private static string Describe(Proportion share)
    {
        var interval = share.ExactInterval();
        return string.Create(CultureInfo.InvariantCulture, $"{100 * share.Rate,6:f2} % ({share.Count} of {share.Total}; "
            + $"95 % interval {100 * interval.Low:f2} to {100 * interval.High:f2})");
    }

    private static string Name(CertificateSource source) => JsonNamingPolicy.KebabCaseLower.ConvertName(source.ToString());
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Attacks;
using MarginNet.Certificates;
using MarginNet.Checkpoints;
using MarginNet.Cli.Options;
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
/// <param name="local">How balls around samples were bounded; null where all is by Lipschitz constants.</param>
/// <param name="areLargest">Whether the radii are the largest that were found, and not only those asked about.</param>
internal sealed class CertificateTable(
    CertifiedRadius[] radii, ScoreMatrix scores, ImageSet images, ImmutableArray<string> classNames, double[]? attackedAt,
    CertificateOptions? local, bool areLargest)
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

            Line($"certified at {text,-14} {Describe(CertifiedAccuracy.Compute(radii, _labels, value))}{Shares(value)}");
        }

        var sorted = right.Select(radius => radius.Radius).Order().ToArray();
        if (areLargest && sorted.Length > 0)
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

        if (local is null)
        {
            Line($"The radii are in l2, in [0,1] pixels, and of the network as it is run on a CPU.");
            return;
        }

        var seconds = radii.Select(radius => radius.Seconds).Order().ToArray();
        Line($"seconds per image           {seconds.Average():g3} (median {Median(seconds):g3}, most {seconds[^1]:g3})");
        Line(
            $"The distances are in {CertificateSettings.NameOf(local.Norm)}, in [0,1] pixels{(local.IsCut ? ", between images" : "")}, and the decisions those of the network as it is run on a CPU.");
        if (!areLargest)
        {
            Line($"No larger radii were looked for: --output, --plot or --html does.");
        }
    }

    /// <summary>What proved the certificates of right decisions at a distance.</summary>
    private IEnumerable<IGrouping<string, CertifiedRadius>> Methods(double distance) => radii
        .Where((radius, i) => radius.PredictedClass == _labels[i] && radius.Holds(distance))
        .OrderBy(radius => radius.Source)
        .GroupBy(radius => Method(radius.Source));

    private string Shares(double distance) => local is null || !Methods(distance).Any() ? ""
        : $", by {string.Join(", ", Methods(distance).Select(group => FormattableString.Invariant($"{group.Key} {group.Count()}")))}";

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

        json.WriteString("norm", CertificateSettings.NameOf(local?.Norm ?? AttackNorm.L2));
        json.WriteBoolean("box", local?.IsCut ?? false);
        if (local is not null)
        {
            json.WriteNumber("seconds_per_image", radii.Average(radius => radius.Seconds));
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

            json.WriteStartObject("by");
            foreach (var group in Methods(value))
            {
                json.WriteNumber(group.Key, group.Count());
            }

            json.WriteEndObject();

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        writer.Write(
            $"index,true,predicted,margin,radius,radius_before_rounding,source,norm,method,seconds{(attackedAt is null ? "" : ",attacked_at")}{(images.Files.IsEmpty ? "" : ",file")}\n");
        for (var i = 0; i < radii.Length; i++)
        {
            var margin = DecisionMargin.Compute(scores[i]).Margin;
            writer.Write(string.Create(
                CultureInfo.InvariantCulture,
                $"{images.Numbers[i]},{Csv.Quote(classNames[_labels[i]])},{Csv.Quote(classNames[radii[i].PredictedClass])},{margin:g9},{radii[i].Radius:g9},{Number(radii[i].RadiusBeforeRounding)},{Name(radii[i].Source)},{CertificateSettings.NameOf(radii[i].Norm)},{Method(radii[i].Source)},{radii[i].Seconds:g4}"));
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
        if (local is not null)
        {
            return null; // Bounds have it in them.
        }

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

    private static string Number(double value) => double.IsNaN(value) ? "" : value.ToString("g9", CultureInfo.InvariantCulture);

    /// <summary>The method that a source belongs to, as <c>--method</c> has it.</summary>
    private static string Method(CertificateSource source) =>
        source is CertificateSource.Scores or CertificateSource.Euclidean or CertificateSource.Pairwise ? "lipschitz" : Name(source);

    private static string Name(CertificateSource source) => JsonNamingPolicy.KebabCaseLower.ConvertName(source.ToString());
}

using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using MarginNet.Audit;
using MarginNet.Cli.Input;

namespace MarginNet.Cli.Output;

/// <summary>What an audit came to, as text and as JSON.</summary>
/// <param name="audit">The audit.</param>
/// <param name="classNames">The names of the classes; empty where only margins are known.</param>
/// <param name="images">The images; null where scores came from a file.</param>
/// <param name="statistic">What the labels are ranked by, in words.</param>
/// <param name="isShareGiven">Whether the share to flag was given, so that alpha says nothing.</param>
/// <param name="confident">The share that confident learning would flag, to say where nothing else is known; null for nothing.</param>
/// <param name="written">The files written.</param>
internal sealed class AuditSummary(
    LabelAudit audit, ImmutableArray<string> classNames, AuditedImages? images, string statistic, bool isShareGiven, double? confident,
    string[] written)
{
    private const int Shown = 5;
    private const double ConfusedShare = 0.05;

    public void Write(TextWriter output)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture));

        Line($"labels            {audit.Labels.Length}, ranked by {statistic}");
        if (audit.Model is { } model)
        {
            Line(
                $"wrong labels      {model.WrongShare:p1} by estimate: a lower part of mean {model.Wrong.Mean:g3} beside {model.Right.Mean:g3}");
        }
        else
        {
            Line($"wrong labels      no estimate: {audit.Doubt}");
        }

        var flagged = audit.Flagged.ToArray();
        var bound = audit.Model is null || isShareGiven
            ? ""
            : FormattableString.Invariant($" at alpha {audit.Alpha}, the largest share of right ones to expect among them");
        Line($"flagged           {flagged.Length}{bound}");
        if (confident is { } share)
        {
            Line($"confident learning would flag {share:p1}, without a bound: --flag {share:f3} flags as many of the most suspicious.");
        }

        foreach (var label in audit.Labels.OrderBy(label => label.Rank).Take(Shown))
        {
            var given = Name(label.Label) is { Length: > 0 } own ? $": {own}" : "";
            var suggested = label.Suggested is { } other && other != label.Label ? $", looks like {Name(other)}" : "";
            Line($"  {label.Rank}. {images?.Name(label.Index) ?? $"sample {label.Index}"}{given}{suggested} ({label.Statistic:g4})");
        }

        if (images is not null)
        {
            var (pairs, constant) = (images.Duplicates.Pairs, images.Duplicates.Constant);
            var exact = pairs.Count(pair => pair.IsExact);
            Line(
                $"duplicates        {exact} the same and {pairs.Length - exact} nearly; {images.Conflicts.Count()} with another label, {images.Leaks.Count()} of training and test");
            var inTrain = constant.Count(images.IsTrain);
            Line($"of one colour     {inTrain} in training, {constant.Length - inTrain} in test");
        }

        foreach (var (first, second, confused) in Confused().Take(Shown))
        {
            Line($"hard to tell      {Name(first)} and {Name(second)}: {confused:p1} of them look like the other");
        }

        Line($"written           {string.Join(", ", written)}");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("statistic", audit.Statistic.ToString());
        json.WriteNumber("alpha", audit.Alpha);
        json.WriteNumber("count", audit.Labels.Length);
        json.WriteNumber("flagged", audit.Flagged.Count());
        JsonNumbers.Write(json, "wrong_share", audit.Model?.WrongShare ?? double.NaN);
        json.WriteString("doubt", audit.Doubt);
        JsonNumbers.Write(json, "confident_learning_share", confident ?? double.NaN);
        if (classNames.Length > 0)
        {
            WriteClasses(json);
        }

        if (images is not null)
        {
            json.WriteStartObject("duplicates");
            json.WriteNumber("exact", images.Duplicates.Pairs.Count(pair => pair.IsExact));
            json.WriteNumber("near", images.Duplicates.Pairs.Count(pair => !pair.IsExact));
            json.WriteNumber("other_label", images.Conflicts.Count());
            json.WriteNumber("train_and_test", images.Leaks.Count());
            json.WriteNumber("one_colour", images.Duplicates.Constant.Length);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>Of each class its labels, how many are wrong, and what they should be by estimate.</summary>
    private void WriteClasses(Utf8JsonWriter json)
    {
        var flagged = audit.Confusion(classNames.Length);
        var byClass = audit.Labels.ToLookup(label => label.Label);
        json.WriteStartArray("classes");
        foreach (var (c, name) in classNames.Index())
        {
            AuditedLabel[] own = [.. byClass[c]];
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteNumber("count", own.Length);
            json.WriteNumber("flagged", own.Count(label => label.IsFlagged));
            JsonNumbers.Write(
                json, "wrong_share",
                audit.Model is null || own.Length == 0 ? double.NaN : own.Average(label => 1 - label.RightProbability));
            json.WriteStartArray("flagged_as");
            for (var other = 0; other < classNames.Length; other++)
            {
                json.WriteNumberValue(flagged[c, other]);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("hard_to_tell");
        foreach (var (first, second, share) in Confused())
        {
            json.WriteStartObject();
            json.WriteString("first", classNames[first]);
            json.WriteString("second", classNames[second]);
            json.WriteNumber("share", share);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The pairs of classes of which a share of at least 5 % looks like the other, the largest first.</summary>
    private IEnumerable<(int First, int Second, double Share)> Confused()
    {
        var classes = classNames.Length;
        var (counts, sizes) = (new int[classes, classes], new int[classes]);
        foreach (var label in audit.Labels.Where(label => label.Suggested is not null))
        {
            counts[label.Label, label.Suggested!.Value]++;
            sizes[label.Label]++;
        }

        return from first in Enumerable.Range(0, classes)
               from second in Enumerable.Range(first + 1, classes - first - 1)
               where sizes[first] + sizes[second] > 0
               let share = (double)(counts[first, second] + counts[second, first]) / (sizes[first] + sizes[second])
               where share >= ConfusedShare
               orderby share descending
               select (first, second, share);
    }

    private string Name(int label) => label < classNames.Length ? classNames[label] : "";
}

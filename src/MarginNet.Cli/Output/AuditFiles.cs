using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Audit;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;

namespace MarginNet.Cli.Output;

/// <summary>The tables that an audit writes: a row for each label, and one for each pair of duplicates.</summary>
/// <param name="audit">The audit.</param>
/// <param name="classNames">The names of the classes; empty where only margins are known.</param>
/// <param name="images">The images; null where scores came from a file.</param>
internal sealed class AuditFiles(LabelAudit audit, ImmutableArray<string> classNames, AuditedImages? images)
{
    /// <summary>λ of each sample; null, the default, where it is 1 everywhere.</summary>
    public IReadOnlyList<double>? DualWeights { get; init; }

    /// <summary>Writes a row for each sample, in their order.</summary>
    public void WriteLabels(string path)
    {
        var reasons = Reasons();
        var hasFiles = images?.Train.Files.IsEmpty == false;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine("index,given,suggested,statistic,p_right,p_value,p_adjusted,rank,flagged,"
                + $"{(DualWeights is null ? "" : "lambda,")}reason{(hasFiles ? ",file" : "")}");
            foreach (var label in audit.Labels)
            {
                var i = label.Index;
                string[] fields =
                [
                    Number(images?.Number(i) ?? i), Name(label.Label), label.Suggested is { } other ? Name(other) : "",
                    Number(label.Statistic), Number(label.RightProbability), Number(label.PValue), Number(label.AdjustedPValue),
                    Number(label.Rank), label.IsFlagged ? "true" : "false", .. DualWeights is null ? [] : new[] { Number(DualWeights[i]) },
                    string.Join("; ", reasons[i]), .. hasFiles ? new[] { images!.FileOf(i)! } : [],
                ];
                writer.WriteLine(string.Join(',', fields.Select(Csv.Quote)));
            }
        });
    }

    /// <summary>Writes a row for each pair of duplicates.</summary>
    public static void WriteDuplicates(string path, AuditedImages images)
    {
        var hasFiles = !images.Train.Files.IsEmpty;
        AtomicFile.Write(path, stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            writer.WriteLine("first_part,first_index,first_label,second_part,second_index,second_label,kind,distance,labels"
                + (hasFiles ? ",first_file,second_file" : ""));
            foreach (var pair in images.Duplicates.Pairs)
            {
                string Side(int place) => string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(images.IsTrain(place) ? "train" : "test")},{images.Number(place)},{Csv.Quote(images.LabelName(place))}");

                var same = images.Label(pair.First) == images.Label(pair.Second) ? "same" : "other";
                var files = hasFiles
                    ? $",{Csv.Quote(images.FileOf(pair.First) ?? "")},{Csv.Quote(images.FileOf(pair.Second) ?? "")}"
                    : "";
                var kind = pair.IsExact ? "exact" : "near";
                writer.WriteLine($"{Side(pair.First)},{Side(pair.Second)},{kind},{Number(pair.Distance)},{same}{files}");
            }
        });
    }

    /// <summary>What speaks against each sample.</summary>
    private List<string>[] Reasons()
    {
        List<string>[] reasons = [.. audit.Labels.Select(Own)];
        if (images is null)
        {
            return reasons;
        }

        foreach (var place in images.Duplicates.Constant.Where(images.IsTrain))
        {
            reasons[place].Add("one colour");
        }

        foreach (var pair in images.Duplicates.Pairs)
        {
            Tell(pair, pair.First, pair.Second);
            Tell(pair, pair.Second, pair.First);
        }

        return reasons;

        void Tell(ImagePair pair, int place, int other)
        {
            if (images.IsTrain(place))
            {
                var labelled = images.Label(place) == images.Label(other) ? "" : $", labelled {images.LabelName(other)}";
                reasons[place].Add($"{(pair.IsExact ? "" : "nearly ")}the same as {images.Name(other)}{labelled}");
            }
        }
    }

    private List<string> Own(AuditedLabel label) => !label.IsFlagged ? []
        : label.Suggested is not { } suggested ? ["low margin"]
        : suggested == label.Label ? ["low margin"]
        : [$"looks like {classNames[suggested]}"];

    private string Name(int label) => label < classNames.Length ? classNames[label] : "";

    /// <summary>A number; nothing where there is none.</summary>
    private static string Number(double value) =>
        double.IsNaN(value) ? "" : value.ToString("g9", CultureInfo.InvariantCulture);
}

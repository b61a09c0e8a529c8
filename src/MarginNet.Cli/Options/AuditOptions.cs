using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using MarginNet.Audit;
using MarginNet.Checkpoints;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Cli.Pages;
using MarginNet.Data;
using MarginNet.Training;

namespace MarginNet.Cli.Options;

/// <summary>How labels are audited, <c>--statistic</c> and <c>--alpha</c>, and the report of it.</summary>
internal sealed class AuditOptions
{
    private const int DefaultThumbnails = 200;

    /// <summary>The option that records margins beside an ordinary training.</summary>
    public const string Audit = "--audit";

    /// <summary>The name of the table of labels.</summary>
    public const string LabelsName = "audit.csv";

    private static readonly (string Name, LabelStatistic Statistic, string Text)[] Statistics =
    [
        ("mean-margin", LabelStatistic.MeanMargin, "the mean margin over the epochs"),
        ("last-margin", LabelStatistic.LastMargin, "the margin of the trained network"),
        ("two-pass-margin", LabelStatistic.TwoPassMargin, "the margin of two passes"),
        ("out-of-fold", LabelStatistic.OutOfFold, "the out-of-fold margin"),
        ("p-value", LabelStatistic.PValue, "the p-value of the margin in its class"),
        ("dual-weight", LabelStatistic.DualWeight, "lambda, the largest first"),
        ("self-confidence", LabelStatistic.SelfConfidence, "the probability of the label"),
        ("normalized-margin", LabelStatistic.NormalizedMargin, "the lead of the label's probability"),
        ("confident-learning", LabelStatistic.ConfidentLearning, "confident learning"),
    ];

    private readonly Option<string?> _statistic = new Option<string?>("--statistic")
    {
        Description = "What wrong labels are told by: two-pass-margin (the default with two passes), mean-margin (over the epochs of "
            + "training, the default with one), last-margin (the default of a trained model), out-of-fold (the default with --folds and of scores [N, C]), p-value, "
            + "dual-weight (with --rounds), self-confidence, normalized-margin or confident-learning.",
    }.AcceptOnlyFromAmong([.. Statistics.Select(one => one.Name)]);
    private readonly Option<double> _alpha = Number.Fraction(
        "--alpha", "The largest share of right labels to expect among the flagged.", LabelAudit.DefaultAlpha);

    private readonly Option<double?> _flag = Number.Optional<double>(
        "--flag", "Flag this share of the labels, the most suspicious, instead of going by --alpha.", value => value is > 0 and < 1,
        "a share between 0 and 1");

    private readonly Option<int> _thumbnails =
        Number.CountOrNone("--thumbnails", "About how many pictures audit.html has; 0 for none.", DefaultThumbnails);

    public void AddTo(Command command)
    {
        command.Add(_thumbnails);
        command.Add(_flag);
        command.Add(_statistic);
        command.Add(_alpha);
    }

    /// <summary>What a run that recorded margins tells of its samples.</summary>
    public static AuditEvidence Of(TrainingResult result, ImageSet train, int classCount) => new(train.Labels.ToArray(), classCount)
    {
        Record = result.Margins,
        Scores = result.TrainingScores,
        DualWeights = result.Rounds > 1 ? [.. result.DualWeights.Values] : null,
    };

    /// <summary>Audits the labels, writes the files of the folder, and shows the summary.</summary>
    public void Report(
        ParseResult parsed, JsonOption json, string folder, AuditEvidence evidence, ImmutableArray<string> classNames,
        AuditedImages? images)
    {
        var chosen = parsed.GetValue(_statistic) is { } name ? Statistics.Single(one => one.Name == name) : Default(evidence);
        if (parsed.GetValue(_flag) is not null && parsed.IsGiven(_alpha))
        {
            throw new UserErrorException("--flag takes the place of --alpha: leave one of them out.");
        }

        var audit = Compute(evidence, chosen.Statistic, parsed.GetValue(_alpha), parsed.GetValue(_flag));
        var labels = Path.Combine(folder, LabelsName);
        var tables = new AuditFiles(audit, classNames, images) { DualWeights = evidence.DualWeights };
        tables.WriteLabels(labels);
        List<string> written = [labels];
        if (images is not null)
        {
            written.Add(Path.Combine(folder, "duplicates.csv"));
            AuditFiles.WriteDuplicates(written[^1], images);
        }

        written.Add(Path.Combine(folder, "audit.html"));
        new AuditPage(audit, chosen.Text, classNames, images, evidence.Suggesting, parsed.GetValue(_thumbnails))
            .Compose(CommandText.Of(parsed)).Save(written[^1]);
        written.Add(Path.Combine(folder, "audit.json"));
        var isShareGiven = parsed.GetValue(_flag) is not null;
        var summary = new AuditSummary(
            audit, classNames, images, chosen.Text, isShareGiven,
            isShareGiven || audit.Model is not null || chosen.Statistic == LabelStatistic.ConfidentLearning ? null : ConfidentShare(evidence),
            [.. written]);
        AtomicFile.Write(written[^1], stream =>
        {
            using var writer = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n" });
            summary.Write(writer);
        });
        json.Report(parsed, summary.Write, summary.Write);
    }

    /// <summary>Audits the labels of a run, by mean margin.</summary>
    public static LabelAudit Compute(AuditEvidence evidence, LabelStatistic statistic, double alpha, double? flagShare = null)
    {
        try
        {
            return LabelAudit.Compute(evidence, statistic, alpha, flagShare);
        }
        catch (ArgumentException e) when (e is not ArgumentOutOfRangeException)
        {
            var name = Statistics.Single(one => one.Statistic == statistic).Name;
            throw new UserErrorException($"--statistic {name}: {e.Message} Give another statistic, or what it needs.");
        }
    }

    /// <summary>The share of labels that confident learning takes for wrong; null where only margins are known.</summary>
    private static double? ConfidentShare(AuditEvidence evidence) => evidence.Suggesting is null
        ? null
        : (double)LabelAudit.Compute(evidence, LabelStatistic.ConfidentLearning).Flagged.Count() / evidence.Labels.Length;

    private static (string Name, LabelStatistic Statistic, string Text) Default(AuditEvidence evidence)
    {
        var statistic = evidence.OutOfFold is not null ? LabelStatistic.OutOfFold
            : evidence.SecondScores is not null ? LabelStatistic.TwoPassMargin
            : evidence.Record is not null ? LabelStatistic.MeanMargin
            : LabelStatistic.LastMargin;
        return Statistics.Single(one => one.Statistic == statistic);
    }
}

using System.Globalization;
using MarginNet.Audit;
using MarginNet.Detection;

namespace MarginNet.AuditBench;

/// <summary>How well a statistic, small where suspicious, finds wrong labels.</summary>
/// <param name="Auroc">The area under the ROC curve.</param>
/// <param name="AveragePrecision">Average precision, wrong labels being the positives.</param>
/// <param name="AtTrueCount">The share of wrong labels among as many of the most suspicious as there are wrong ones.</param>
/// <param name="AtThousand">The share among the thousand most suspicious; NaN of fewer samples.</param>
/// <param name="Flagged">How many labels are flagged.</param>
/// <param name="Precision">The share of wrong labels among them; NaN where none is.</param>
/// <param name="Recall">The share of the wrong labels that are flagged.</param>
internal sealed record Measurement(
    double Auroc, double AveragePrecision, double AtTrueCount, double AtThousand, int Flagged, double Precision, double Recall)
{
    private const int Thousand = 1000;

    public const string Header =
        "| statistic | AUROC | average precision | precision at the true number | at 1,000 "
        + "| flagged | precision | recall | estimated share |\n"
        + "|---|---|---|---|---|---|---|---|---|";

    /// <summary>Measures an audit of labels of which it is known which are wrong.</summary>
    public static Measurement Of(LabelAudit audit, bool[] isWrong)
    {
        double[] Values(bool wrong) => [.. audit.Labels.Where(label => isWrong[label.Index] == wrong).Select(label => label.Statistic)];
        double PrecisionAt(int count) => count > audit.Labels.Length
            ? double.NaN
            : (double)audit.Labels.Count(label => label.Rank <= count && isWrong[label.Index]) / count;

        var (right, wrong) = (Values(wrong: false), Values(wrong: true));
        var metrics = DetectionMetrics.Compute(right, wrong);
        var (flagged, found) = (audit.Flagged.Count(), audit.Flagged.Count(label => isWrong[label.Index]));
        return new(
            metrics.Auroc, metrics.AuprOut, PrecisionAt(wrong.Length), PrecisionAt(Thousand), flagged, (double)found / flagged,
            (double)found / wrong.Length);
    }

    /// <summary>A row of a table.</summary>
    public string Row(LabelAudit audit, string name)
    {
        var share = audit.Model is { } model ? Text(model.WrongShare) : "";
        return $"| {name} | {Text(Auroc)} | {Text(AveragePrecision)} | {Text(AtTrueCount)} | {Text(AtThousand)} "
            + $"| {Flagged} | {Text(Precision)} | {Text(Recall)} | {share} |";
    }

    private static string Text(double value) => double.IsNaN(value) ? "" : value.ToString("f4", CultureInfo.InvariantCulture);
}

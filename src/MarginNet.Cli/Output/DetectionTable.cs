using System.Globalization;
using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>How well each score parts two sets of samples, as text and as JSON.</summary>
internal sealed class DetectionTable
{
    private readonly List<(string Title, string Key, string Typical, string Atypical, List<(string Score, DetectionReport Report)> Rows)> _sections = [];

    /// <summary>The scores compared, by name, larger for typical samples.</summary>
    public static (string Name, double[] Values)[] Scores(Samples samples, MarginNullModel nullModel)
    {
        var own = samples.PValues(nullModel, NullKind.Class);
        double[] Of(MarginPValue[] p, PValueTail tail) => Array.ConvertAll(p, value => value.Of(tail));
        double[] Each(Func<int, double> score) => [.. Enumerable.Range(0, samples.Count).Select(score)];
        return
        [
            ("p lower", Of(own, PValueTail.Lower)),
            ("p formula", Of(own, PValueTail.Formula)),
            ("p two-sided", Of(own, PValueTail.TwoSided)),
            ("p empirical", Of(own, PValueTail.Empirical)),
            ("p lower, pooled", Of(samples.PValues(nullModel, NullKind.Pooled), PValueTail.Lower)),
            ("p lower, error-weighted", Of(samples.PValues(nullModel, NullKind.ErrorWeighted), PValueTail.Lower)),
            ("margin", samples.Margins),
            ("max softmax", Each(i => LogitScores.MaxSoftmax(samples.Logits.Row(i)))),
            ("max logit", Each(i => LogitScores.MaxLogit(samples.Logits.Row(i)))),
            ("energy", Each(i => LogitScores.Energy(samples.Logits.Row(i)))),
            ("entropy", Each(i => LogitScores.NegativeEntropy(samples.Logits.Row(i)))),
        ];
    }

    /// <summary>Compares the scores on two sets.</summary>
    /// <param name="key">What JSON calls the comparison.</param>
    /// <param name="typical">What the typical samples are.</param>
    /// <param name="atypical">What the atypical samples are.</param>
    /// <param name="scores">The scores of both by name.</param>
    /// <param name="resamples">Bootstrap draws.</param>
    /// <param name="seed">Their seed.</param>
    /// <param name="cancellation">Stops between two draws.</param>
    public void Add(string key, string typical, string atypical, IEnumerable<(string Name, double[] Typical, double[] Atypical)> scores, int resamples, int seed, CancellationToken cancellation) =>
        _sections.Add((
            $"{typical} from {atypical}",
            key,
            typical,
            atypical,
            [.. scores.Select(score => (score.Name, DetectionReport.Compute(score.Typical, score.Atypical, resamples: resamples, seed: seed, cancellation: cancellation)))]));

    public void Write(TextWriter output)
    {
        var width = _sections.Max(section => section.Rows.Max(row => row.Score.Length));
        foreach (var (title, _, typical, atypical, rows) in _sections)
        {
            var any = rows[0].Report;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {any.TypicalCount} {typical}, {any.AtypicalCount} {atypical}; 95 % bootstrap intervals"));
            output.WriteLine($"{"score".PadRight(width)}  {"AUROC",-22}{"AUPR typical",-22}{"AUPR atypical",-22}FPR at 95 % TPR");
            foreach (var (score, report) in rows)
            {
                var m = report.Metrics;
                output.WriteLine($"{score.PadRight(width)}  {Cell(m.Auroc, report.Auroc),-22}{Cell(m.AuprIn, report.AuprIn),-22}{Cell(m.AuprOut, report.AuprOut),-22}{Cell(m.FprAt95Tpr, report.FprAt95Tpr)}");
            }

            output.WriteLine();
        }
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (_, key, typical, atypical, rows) in _sections)
        {
            json.WriteStartObject(key);
            json.WriteString("typical", typical);
            json.WriteString("atypical", atypical);
            json.WriteNumber("typical_count", rows[0].Report.TypicalCount);
            json.WriteNumber("atypical_count", rows[0].Report.AtypicalCount);
            json.WriteStartArray("scores");
            foreach (var (score, report) in rows)
            {
                json.WriteStartObject();
                json.WriteString("score", score);
                JsonNumbers.Write(json, "auroc", report.Metrics.Auroc, report.Auroc);
                JsonNumbers.Write(json, "aupr_typical", report.Metrics.AuprIn, report.AuprIn);
                JsonNumbers.Write(json, "aupr_atypical", report.Metrics.AuprOut, report.AuprOut);
                JsonNumbers.Write(json, "fpr_at_95_tpr", report.Metrics.FprAt95Tpr, report.FprAt95Tpr);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static string Cell(double value, Interval interval) => string.Create(CultureInfo.InvariantCulture, $"{value:f3} [{interval.Low:f3}, {interval.High:f3}]");
}

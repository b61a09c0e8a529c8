using System.Globalization;
using System.Text.Json;
using MarginNet.Cli.Input;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>How well each score parts two sets of samples, as text and as JSON.</summary>
internal sealed class DetectionTable(MarginNullModel nullModel, FeatureScores? features = null)
{
    /// <summary>What areas under curves of risk by coverage are of.</summary>
    public const string SelectiveTitle =
        "Risk where only the most confident decisions are accepted: areas under its curves, smaller is better";

    public const string WrongDecisions = "wrong_decisions";
    public const string Attack = "attack";
    public const string OutOfDistribution = "out_of_distribution";
    private const string Lower = "p lower";
    private const string TwoSided = "p two-sided";
    private const string Margin = "margin";
    private const string Radius = "radius";
    private const string MaxSoftmaxT = "max softmax, T";
    private const string MaxLogitP = "max logit, p-norm";
    private const string MarginP = "margin, p-norm";
    private const string RelU = "Rel-U";

    private readonly List<Section> _sections = [];

    /// <summary>The comparisons so far.</summary>
    public IReadOnlyList<Section> Sections => _sections;

    /// <summary>
    /// The scores compared, by name, larger for typical samples. The lower tails are continued by the mixture below the
    /// calibration margins, so that the order of far tails counts, too; that of all classes together orders samples as the margin does,
    /// or the radius, and is not computed.
    /// </summary>
    public static (string Name, double[] Values)[] Scores(Samples samples, MarginNullModel nullModel)
    {
        var own = samples.PValues(nullModel, NullKind.Class);
        double[] Of(MarginPValue[] p, PValueTail tail) => Array.ConvertAll(p, value => value.Of(tail));
        double[] Each(Func<int, double> score) => [.. Enumerable.Range(0, samples.Count).Select(score)];
        var fitted = nullModel.Scores;
        (string, double[])[] fittedScores = fitted is null ? [] :
        [
            (MaxSoftmaxT, Each(i => fitted.MaxSoftmax(samples.Logits.Row(i)))),
            (MaxLogitP, Each(i => fitted.MaxLogit(samples.Logits.Row(i)))),
            (MarginP, Each(i => fitted.Margin(samples.Logits.Row(i)))),
            (RelU, Each(i => fitted.RelativeUncertainty.Score(samples.Logits.Row(i)))),
        ];
        var softmax = Each(i => LogitScores.MaxSoftmaxLogOdds(samples.Logits.Row(i)));
        return
        [
            (Lower, Of(own, PValueTail.Extrapolated)),
            ("p formula", Of(own, PValueTail.Formula)),
            (TwoSided, Of(own, PValueTail.TwoSided)),
            ("p empirical", Of(own, PValueTail.Empirical)),
            ("p lower, error-weighted", Of(samples.PValues(nullModel, NullKind.ErrorWeighted), PValueTail.Extrapolated)),
            .. samples.Radii is null ? Array.Empty<(string, double[])>() : [(Radius, samples.Radii)],
            (Margin, samples.Margins),
            ("max softmax", softmax),
            ("max logit", Each(i => LogitScores.MaxLogit(samples.Logits.Row(i)))),
            ("energy", Each(i => LogitScores.Energy(samples.Logits.Row(i)))),
            ("entropy", Each(i => LogitScores.NegativeEntropy(samples.Logits.Row(i)))),
            ("DOCTOR alpha", Each(i => LogitScores.DoctorAlpha(samples.Logits.Row(i)))),
            ("DOCTOR beta", softmax), // In another scale.
            ("GEN", Each(i => LogitScores.GeneralizedEntropy(samples.Logits.Row(i)))),
            .. fittedScores,
        ];
    }

    /// <summary>What the scores that need fitting were fitted to, and what came out.</summary>
    public string Fitted => features is null ? FittedToLogits : $"{FittedToLogits}\n{features.Fitted}";

    private string FittedToLogits => nullModel.Scores is { } scores
        ? string.Create(
            CultureInfo.InvariantCulture,
            $"Fitted to {CalibratedOn}: {MaxSoftmaxT} (T = {scores.Temperature:g4}), {MaxLogitP} ({Order(scores.MaxLogitOrder)}), ")
            + $"{MarginP} ({Order(scores.MarginOrder)}), {RelU} (lambda = 0.5)."
        : $"Not compared: {MaxSoftmaxT}; {MaxLogitP}; {MarginP}; {RelU}. They need fitting: 'marginnet calibrate' anew does that.";

    private string CalibratedOn => nullModel.Source == CalibrationSource.HeldOut
        ? "the calibration samples, kept out of training"
        : "the calibration samples, which the network was trained on";

    private static string Order(int order) =>
        order == 0 ? "max softmax" : string.Create(CultureInfo.InvariantCulture, $"p = {order}");

    /// <summary>Compares the scores on two sets.</summary>
    /// <param name="kind">Of what kind the atypical samples are.</param>
    /// <param name="key">What JSON calls the comparison.</param>
    /// <param name="typical">What the typical samples are.</param>
    /// <param name="atypical">What the atypical samples are.</param>
    /// <param name="scores">The scores of both by name; one that orders all samples as an earlier one does shares its row.</param>
    /// <param name="resamples">Bootstrap draws.</param>
    /// <param name="seed">Their seed.</param>
    /// <param name="cancellation">Stops between two draws.</param>
    public void Add(
        string kind, string key, string typical, string atypical,
        IEnumerable<(string Name, double[] Typical, double[] Atypical)> scores, int resamples, int seed, CancellationToken cancellation)
    {
        var (rows, orders) = (new List<Row>(), new List<int[]>());
        var all = scores.ToArray();
        var statistic = Array.Exists(all, score => score.Name == Radius) ? Radius : Margin;
        foreach (var score in all)
        {
            string[] names = score.Name == statistic ? [statistic, "p lower, pooled"] : [score.Name];
            var order = Order([.. score.Typical, .. score.Atypical]);
            var same = orders.FindIndex(other => other.AsSpan().SequenceEqual(order));
            if (same >= 0)
            {
                rows[same].Also.AddRange(names);
                continue;
            }

            orders.Add(order);
            rows.Add(new(
                names[0],
                [.. names[1..]],
                DetectionReport.Compute(score.Typical, score.Atypical, resamples: resamples, seed: seed, cancellation: cancellation)));
        }

        var earlier = _sections.Count(section => section.Kind == kind);
        _sections.Add(new(
            $"{typical} from {atypical}", kind, key, earlier == 0 ? kind : $"{kind}_{earlier + 1}", typical, atypical, rows));
    }

    /// <summary>What a headline score that is worse than chance means, one line for each comparison.</summary>
    /// <param name="hasSurrogate">Whether the attack follows another network than the one attacked.</param>
    public IEnumerable<string> Reversals(bool hasSurrogate)
    {
        foreach (var section in _sections)
        {
            if (section.Find(Lower) is not { Auroc.High: < 0.5, Metrics.Auroc: var area })
            {
                continue;
            }

            var twoSided = section.Find(TwoSided)!.Metrics.Auroc;
            var other = twoSided > 0.5 ? string.Create(
                CultureInfo.InvariantCulture, $" --tail two-sided, which flags large margins too, has {twoSided:f3}.") : "";
            var why = section.Kind switch
            {
                Attack when !hasSurrogate => "the attack followed this network's own gradients and made wrong decisions of large margin, "
                    + "which no small-margin test finds. --surrogate OTHER.pt makes it on another network, as in the paper.",
                Attack => "the attack made decisions of large margin, which no small-margin test finds.",
                WrongDecisions =>
                    "wrong decisions have larger margins than right ones, as where the labels are not those of these samples.",
                _ => "foreign samples have larger margins than known ones, which no small-margin test finds.",
            };
            yield return string.Create(
                CultureInfo.InvariantCulture, $"note: {Lower} has an AUROC of {area:f3}, below the 0.5 of guessing: {why}{other}");
        }
    }

    /// <summary>The rank of each number among the different ones.</summary>
    private static int[] Order(double[] values)
    {
        double[] distinct = [.. values.Distinct().Order()];
        return Array.ConvertAll(values, value => Array.BinarySearch(distinct, value));
    }

    public void Write(TextWriter output)
    {
        var width = _sections.Max(section => section.Rows.Max(row => row.Title.Length));
        foreach (var (title, kind, _, _, typical, atypical, rows) in _sections)
        {
            var any = rows[0].Report;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{title}: {any.TypicalCount} {typical}, {any.AtypicalCount} {atypical}; 95 % bootstrap intervals"));
            output.WriteLine($"{"score".PadRight(width)}  {"AUROC",-22}{"AUPR typical",-22}{"AUPR atypical",-22}FPR at 95 % TPR");
            foreach (var row in rows)
            {
                var (report, m) = (row.Report, row.Report.Metrics);
                output.WriteLine($"{row.Title.PadRight(width)}  "
                    + $"{Cell(m.Auroc, report.Auroc),-22}{Cell(m.AuprIn, report.AuprIn),-22}{Cell(m.AuprOut, report.AuprOut),-22}{Cell(m.FprAt95Tpr, report.FprAt95Tpr)}");
            }

            output.WriteLine();
            if (kind == WrongDecisions)
            {
                WriteSelective(output, rows, width);
            }
        }

        output.WriteLine(Fitted);
    }

    private static void WriteSelective(TextWriter output, List<Row> rows, int width)
    {
        output.WriteLine($"{SelectiveTitle}; 95 % bootstrap intervals");
        output.WriteLine($"{"score".PadRight(width)}  {"AURC",-26}{"E-AURC",-26}AUGRC");
        foreach (var row in rows)
        {
            var (report, m) = (row.Report, row.Report.Metrics);
            output.WriteLine($"{row.Title.PadRight(width)}  "
                + $"{Fine(m.Aurc, report.Aurc),-26}{Fine(m.ExcessAurc, report.ExcessAurc),-26}{Fine(m.Augrc, report.Augrc)}");
        }

        output.WriteLine();
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (_, kind, key, _, typical, atypical, rows) in _sections)
        {
            json.WriteStartObject(key);
            json.WriteString("typical", typical);
            json.WriteString("atypical", atypical);
            json.WriteNumber("typical_count", rows[0].Report.TypicalCount);
            json.WriteNumber("atypical_count", rows[0].Report.AtypicalCount);
            json.WriteStartArray("scores");
            foreach (var (score, first, report) in rows.SelectMany(
                row => row.Also.Prepend(row.Score).Select(score => (score, row.Score, row.Report))))
            {
                json.WriteStartObject();
                json.WriteString("score", score);
                if (score != first)
                {
                    json.WriteString("same_order_as", first);
                }

                JsonNumbers.Write(json, "auroc", report.Metrics.Auroc, report.Auroc);
                JsonNumbers.Write(json, "aupr_typical", report.Metrics.AuprIn, report.AuprIn);
                JsonNumbers.Write(json, "aupr_atypical", report.Metrics.AuprOut, report.AuprOut);
                JsonNumbers.Write(json, "fpr_at_95_tpr", report.Metrics.FprAt95Tpr, report.FprAt95Tpr);
                if (kind == WrongDecisions)
                {
                    JsonNumbers.Write(json, "aurc", report.Metrics.Aurc, report.Aurc);
                    JsonNumbers.Write(json, "e_aurc", report.Metrics.ExcessAurc, report.ExcessAurc);
                    JsonNumbers.Write(json, "augrc", report.Metrics.Augrc, report.Augrc);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (nullModel.Scores is { } scores)
        {
            json.WriteStartObject("fitted");
            json.WriteBoolean("held_out", nullModel.Source == CalibrationSource.HeldOut);
            json.WriteNumber("temperature", scores.Temperature);
            json.WriteNumber("max_logit_order", scores.MaxLogitOrder);
            json.WriteNumber("margin_order", scores.MarginOrder);
            json.WriteEndObject();
        }

        features?.Write(json);
        json.WriteEndObject();
    }

    /// <summary>A comparison of scores on two sets.</summary>
    /// <param name="Title">What it tells from what.</param>
    /// <param name="Kind">Of what kind the atypical samples are.</param>
    /// <param name="Key">What JSON calls it.</param>
    /// <param name="Id">What a page calls it: letters, digits and underscores.</param>
    /// <param name="Typical">What the typical samples are.</param>
    /// <param name="Atypical">What the atypical samples are.</param>
    /// <param name="Rows">The scores.</param>
    internal sealed record Section(string Title, string Kind, string Key, string Id, string Typical, string Atypical, List<Row> Rows)
    {
        public DetectionReport? Find(string score) => Rows.Find(row => row.Score == score || row.Also.Contains(score))?.Report;
    }

    /// <summary>A score, those that order all samples as it does, and how well they part them.</summary>
    internal sealed record Row(string Score, List<string> Also, DetectionReport Report)
    {
        public string Title => string.Join(" = ", [Score, .. Also]);
    }

    private static string Fine(double value, Interval interval) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:f4} [{interval.Low:f4}, {interval.High:f4}]");

    private static string Cell(double value, Interval interval) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:f3} [{interval.Low:f3}, {interval.High:f3}]");
}

using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Options;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a table of p-values comes to, class by class, as lines of text.</summary>
internal static class PValueSummary
{
    private const double PoorFit = 0.05; // Kolmogorov-Smirnov distance above which the mixture misleads,
    private const double Significant = 1.36; // and times √n, above which it is no accident (5 %).

    public static void Write(TextWriter output, PValueTable table, MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

        var width = Math.Max("predicted class".Length, classNames.Max(name => name.Length));
        Line($"{"predicted class".PadRight(width)}  components  calibrated on  samples  flagged  accuracy flagged  unflagged");
        var byClass = table.Rows.ToLookup(row => row.PredictedClass);
        for (var c = 0; c < classNames.Length; c++)
        {
            var rows = byClass[c].ToList();
            var own = nullModel.Classes[c];
            Line($"{classNames[c].PadRight(width)}  {Components(own),10}  {own.SampleCount,13}  {Describe(rows)}");
        }

        var pooled = nullModel.Pooled;
        Line($"{"all".PadRight(width)}  {pooled.Fit.Mixture.Components.Length,10}  {pooled.SampleCount,13}  {Describe(table.Rows)}");
        var flagged = table.Rows.Count(row => row.Flagged);
        Line($"{Flagged(flagged, table.Rows.Length, table.Rule, table.IsAdjusted)} Null model from {Source(nullModel.Source)}.");
        foreach (var warning in Warnings(nullModel, classNames))
        {
            output.WriteLine(warning);
        }
    }

    /// <summary>How many samples were flagged, and by what.</summary>
    public static string Flagged(int flagged, int count, FlagRule rule, bool isAdjusted) => string.Create(
        CultureInfo.InvariantCulture,
        $"{flagged} of {count} samples flagged: {(isAdjusted ? "adjusted p" : "p")} ({FlagOptions.Describe(rule.Tail, rule.Null)}) <= {rule.Threshold.Value:g9}{(rule.Threshold.FalsePositives.Total > 0 ? ", the calibrated threshold" : "")}.");

    /// <summary>What a user should know of the null model before trusting its p-values.</summary>
    public static IEnumerable<string> Warnings(MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        for (var c = 0; c < classNames.Length; c++)
        {
            var own = nullModel.Classes[c];
            if (own.IsPooled)
            {
                yield return $"warning: class '{classNames[c]}' has only {own.SampleCount} correct calibration samples; it is scored by the pooled null model (*).";
            }
            else if (own.KolmogorovSmirnov > AllowedDistance(own.SampleCount))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"warning: the mixture describes the margins of class '{classNames[c]}' poorly (Kolmogorov-Smirnov distance {own.KolmogorovSmirnov:g2}).");
            }
        }
    }

    /// <summary>The Kolmogorov-Smirnov distance from which on a fit is called poor.</summary>
    public static double AllowedDistance(int count) => Math.Max(PoorFit, Significant / Math.Sqrt(count));

    private static string Components(ClassNull own) =>
        own.Distribution.Fit.Mixture.Components.Length.ToString(CultureInfo.InvariantCulture) + (own.IsPooled ? "*" : "");

    private static string Describe(IReadOnlyCollection<PValueRow> rows)
    {
        var share = rows.Count == 0 ? "-" : Percent(rows.Count(row => row.Flagged), rows.Count);
        return $"{rows.Count,7}  {share,7}  {Accuracy(rows, flagged: true),16}  {Accuracy(rows, flagged: false),9}";
    }

    private static string Accuracy(IEnumerable<PValueRow> rows, bool flagged)
    {
        var known = rows.Where(row => row.Flagged == flagged && row.TrueClass >= 0).ToList();
        return known.Count == 0 ? "-" : Percent(known.Count(row => row.TrueClass == row.PredictedClass), known.Count);
    }

    private static string Percent(int part, int whole) => ((double)part / whole).ToString("p1", CultureInfo.InvariantCulture);

    private static string Source(CalibrationSource source) =>
        source == CalibrationSource.HeldOut ? "held-out samples" : "training samples, so fresh ones are flagged more often than alpha says";
}

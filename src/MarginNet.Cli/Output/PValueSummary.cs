using System.Collections.Immutable;
using System.Globalization;
using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a table of p-values comes to, class by class, as lines of text.</summary>
internal static class PValueSummary
{
    public static void Write(TextWriter output, PValueTable table, MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());

        var width = Math.Max("predicted class".Length, classNames.Max(name => name.Length));
        Line($"{"predicted class".PadRight(width)}  components  calibrated on  samples  flagged  accuracy flagged  unflagged");
        var byClass = classNames.Select(_ => new Tally()).ToArray();
        var total = new Tally();
        foreach (ref readonly var row in table.Rows.AsSpan())
        {
            byClass[row.PredictedClass].Add(row);
            total.Add(row);
        }

        for (var c = 0; c < classNames.Length; c++)
        {
            var own = nullModel.Classes[c];
            Line($"{classNames[c].PadRight(width)}  {Components(own),10}  {own.SampleCount,13}  {byClass[c]}");
        }

        var pooled = nullModel.Pooled;
        Line($"{"all".PadRight(width)}  {pooled.Fit.Mixture.Components.Length,10}  {pooled.SampleCount,13}  {total}");
        Line($"{Flagged(total.Flagged, table.Rows.Length, table.Rule, table.Confidence, table.IsAdjusted)} Null model {(nullModel.Radii is { } radii ? $"of class-purity radii ({CertificateSettings.Describe(radii)}) " : "")}from {Source(nullModel.Source)}.");
        if (table.Sets is { } sets)
        {
            var sizes = table.Rows.Select(row => row.Set!.Length).ToArray();
            var covered = table.Covered();
            var found = covered.Total == 0 ? "" : ShareOf(covered.Count, covered.Total, " of the true classes are in them.");
            var empty = sizes.Count(size => size == 0);
            var size = sizes.Length == 0 ? 0 : sizes.Average();
            Line(
                $"Sets by {sets.Name}, the true class at a rate of {sets.Coverage:g4}: {size:f2} classes on average, {empty} empty.{found}");
        }

        var marked = nullModel.Classes.Count(own => Mark(own).Length > 0);
        if (marked > 0)
        {
            Line(
                $"* scored by the pooled null model; ? poorly described by its mixture, on which --tail lower does not rest: {marked} of {classNames.Length} classes, as calibration warned.");
        }
    }

    private static string ShareOf(int count, int total, string those) =>
        string.Create(CultureInfo.InvariantCulture, $" {100.0 * count / total:f1} %{those}");

    /// <summary>How many samples were flagged, and by what.</summary>
    public static string Flagged(int flagged, int count, FlagRule rule, ConfidenceRank? confidence, bool isAdjusted) => string.Create(
        CultureInfo.InvariantCulture,
        $"{flagged} of {count} samples flagged: {(isAdjusted ? "adjusted p" : "p")} ({Describe(rule, confidence)}) <= "
        + $"{rule.Threshold.Value:g9}{(rule.Threshold.FalsePositives.Total > 0 ? ", the calibrated threshold" : "")}.");

    /// <summary>The p-value that flags, in words.</summary>
    public static string Describe(FlagRule rule, ConfidenceRank? confidence) =>
        confidence?.Description ?? FlagOptions.Describe(rule.Tail, rule.Null);

    /// <summary>What is short to say of a class: * without a null model of its own,
    /// ? whose margins its mixture does not describe.</summary>
    public static string Mark(ClassNull own) => own.IsPooled ? "*" : CalibrationWarnings.IsPoor(own) ? "?" : "";

    private static string Components(ClassNull own) =>
        own.Distribution.Fit.Mixture.Components.Length.ToString(CultureInfo.InvariantCulture) + Mark(own);

    private static string Source(CalibrationSource source) =>
        source == CalibrationSource.HeldOut ? "held-out samples" : "training samples, so fresh ones are flagged more often than alpha says";

    /// <summary>Counts of samples: how many, and of those flagged or not,
    /// how many have a known class and how many of these are right.</summary>
    private sealed class Tally
    {
        private readonly int[] _known = new int[2];
        private readonly int[] _right = new int[2];
        private int _count;

        public int Flagged { get; private set; }

        public void Add(in PValueRow row)
        {
            var flagged = row.Flagged ? 1 : 0;
            _count++;
            Flagged += flagged;
            _known[flagged] += row.TrueClass >= 0 ? 1 : 0;
            _right[flagged] += row.TrueClass == row.PredictedClass ? 1 : 0;
        }

        public override string ToString() =>
            $"{_count,7}  {Percent(Flagged, _count),7}  {Percent(_right[1], _known[1]),16}  {Percent(_right[0], _known[0]),9}";

        private static string Percent(int part, int whole) =>
            whole == 0 ? "-" : ((double)part / whole).ToString("p1", CultureInfo.InvariantCulture);
    }
}

using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using MarginNet.Cli.Options;
using MarginNet.PValues;

namespace MarginNet.Cli.Output;

/// <summary>What a user should know of a null model, and of what flags by it, before trusting its p-values:
/// one line for each kind of thing.</summary>
internal static class CalibrationWarnings
{
    private const double PoorFit = 0.01; // the probability of so bad a fit of a right mixture, at or below which one is called poor
    private const double ManyTies = 0.05; // the share of a class's margins that repeat
    private const int MostNamed = 4;

    /// <summary>Whether the mixture of a class does not describe its margins.</summary>
    public static bool IsPoor(ClassNull own) => own.FitPValue <= PoorFit;

    /// <summary>What a null model is of, in the plural.</summary>
    public static string Subject(MarginNullModel nullModel) => nullModel.Radii is null ? "margins" : "radii";

    /// <summary>Of the null model itself, said once, at calibration.</summary>
    public static IEnumerable<string> OfFit(MarginNullModel nullModel, ImmutableArray<string> classNames)
    {
        var classes = classNames.Zip(nullModel.Classes, (name, own) => (Name: name, Own: own)).ToArray();
        var pooled = Name(classes.Where(c => c.Own.IsPooled).Select(c => (c.Name, $"{c.Own.SampleCount}")));
        if (pooled is not null)
        {
            yield return $"warning: {pooled} has too few right decisions to calibrate on, and is scored by the pooled null model (*), "
                + $"where its own {Subject(nullModel)} count little: calibrate on more.";
        }

        var poor = Name(classes.Where(c => IsPoor(c.Own)).Select(
            c => (c.Name, string.Create(CultureInfo.InvariantCulture, $"Kolmogorov-Smirnov distance {c.Own.KolmogorovSmirnov:g2}"))));
        if (poor is not null)
        {
            yield return $"warning: the mixture describes the {Subject(nullModel)} poorly of {poor}: --extrapolate, "
                + "--tail mixture and --tail formula rest on it; --tail lower, two-sided and empirical do not.";
        }

        var tied = Name(classes.Select(c => (c.Name, Share: RepeatedShare(c.Own))).Where(c => c.Share > ManyTies)
            .Select(c => (c.Name, string.Create(CultureInfo.InvariantCulture, $"{c.Share:p0}"))));
        if (tied is not null)
        {
            yield return $"warning: {Subject(nullModel)} repeat, as of rounded scores, in {tied}: p-values go in steps, "
                + "and fewer right decisions are flagged than alpha says; 'pvalue --randomize SEED' breaks ties.";
        }
    }

    /// <summary>Of what flags by it, said wherever it flags.</summary>
    public static IEnumerable<string> OfScoring(MarginNullModel nullModel, FlagRule rule, ImmutableArray<string> classNames)
    {
        if (double.IsNaN(nullModel.Pooled.FitPValue) && nullModel.Rule == rule && rule.Tail is PValueTail.Mixture or PValueTail.Formula
            && rule.Threshold.FalsePositives.Total > 0)
        {
            yield return "note: calibrated by an earlier version, whose threshold is for the p-value "
                + $"'{FlagOptions.Describe(rule.Tail, rule.Null)}'; run 'marginnet calibrate' again for one that keeps its level.";
        }

        if (double.IsNegativeInfinity(rule.Threshold.Value))
        {
            yield return $"warning: nothing is ever flagged: {nullModel.Pooled.SampleCount} right decisions are too few to choose so small "
                + "a rate of false alarms by: calibrate on more, or choose a larger --alpha.";
            yield break;
        }

        var smallest = ExpectedRate.Compute(nullModel, rule).SmallestPValues;
        var never = Enumerable.Range(0, classNames.Length).Where(c => smallest[c] > rule.Threshold.Value).ToArray();
        if (never.Length == 0)
        {
            yield break;
        }

        var who = never.Length == classNames.Length
            ? "anything"
            : $"decisions for {Name(never.Select(c => (classNames[c], $"{Counted(c)}")))}";
        var enough = never.Max(c => Math.Ceiling(((Counted(c) + 1) * smallest[c] / rule.Threshold.Value * (1 - 1e-12)) - 1));
        var (low, high) = (never.Min(c => smallest[c]), never.Max(c => smallest[c]));
        var supported = string.Create(CultureInfo.InvariantCulture, $"{low:g2}{(high > low * 1.01 ? $" to {high:g2}" : "")}");
        var pooled = nullModel.Pooled.SmallestPValue;
        var cures = rule.Null == NullKind.Pooled || pooled > rule.Threshold.Value
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", or --null pooled (down to {pooled:g2})");
        var extrapolate = rule.Tail == PValueTail.Lower ? ", or --extrapolate" : "";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"warning: p <= {rule.Threshold.Value:g4} never flags {who}: the right decisions calibrated on support p-values down to "
            + $"{supported}; it takes {enough:0} of {(rule.Null == NullKind.Pooled ? "them" : "each class")}{cures}{extrapolate}.");

        int Counted(int c) => rule.Null == NullKind.Pooled ? nullModel.Pooled.SampleCount : nullModel.Classes[c].Distribution.SampleCount;
    }

    /// <summary>Writes lines to standard error; <c>--quiet</c> keeps notes back, and no warnings.</summary>
    public static void WriteLines(ParseResult parsed, IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            var output = line.StartsWith("warning: ", StringComparison.Ordinal) ? parsed.InvocationConfiguration.Error : parsed.Notes();
            output.WriteLine(line);
        }
    }

    private static double RepeatedShare(ClassNull own)
    {
        var repeated = 0;
        var margins = own.Margins;
        for (var i = 1; i < margins.Length; i++)
        {
            repeated += margins[i] == margins[i - 1] ? 1 : 0;
        }

        return margins.Length == 0 ? 0 : (double)repeated / margins.Length;
    }

    /// <summary>Classes with a remark each, such as: class 'cat' (12), 'dog' (7) and 3 more; null of none.</summary>
    private static string? Name(IEnumerable<(string Name, string Remark)> classes)
    {
        var all = classes.ToArray();
        return all.Length == 0
            ? null
            : $"class {string.Join(", ", all.Take(MostNamed).Select(c => $"'{c.Name}' ({c.Remark})"))}{(all.Length > MostNamed ? $" and {all.Length - MostNamed} more" : "")}";
    }
}

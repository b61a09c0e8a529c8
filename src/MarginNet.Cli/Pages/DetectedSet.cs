using MarginNet.Cli.Input;
using MarginNet.Cli.Options;
using MarginNet.Cli.Output;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Pages;

/// <summary>Samples of one side of a comparison, with the p-values that flag them.</summary>
/// <param name="Samples">Samples, those that are not of this side among them.</param>
/// <param name="Indices">Which are.</param>
/// <param name="PValues">The p-values of all samples.</param>
/// <param name="Threshold">At or below which a sample is flagged.</param>
internal sealed record DetectedSide(Samples Samples, int[] Indices, double[] PValues, DetectionThreshold Threshold)
{
    public Proportion Flagged => new(Indices.Count(IsFlagged), Indices.Length);

    public bool IsFlagged(int i) => Threshold.Flags(PValues[i]);
}

/// <summary>A comparison of detectors, with the samples it is of.</summary>
/// <param name="Section">How well each score does.</param>
/// <param name="Scores">The scores.</param>
/// <param name="Typical">The samples that should not be flagged.</param>
/// <param name="Atypical">Those that should.</param>
/// <param name="Rule">What flags.</param>
internal sealed record DetectedSet(
    DetectionTable.Section Section, (string Name, double[] Typical, double[] Atypical)[] Scores, DetectedSide Typical,
    DetectedSide Atypical, FlagRule Rule)
{
    public string RuleText => FlagOptions.Describe(Rule.Tail, Rule.Null);

    /// <summary>The rule of a null model; where it has none, p ≤ 0.05 by the lower tail.</summary>
    public static FlagRule RuleOf(MarginNullModel nullModel) =>
        nullModel.Rule ?? new(NullKind.Class, PValueTail.Lower, new(FlagOptions.DefaultAlpha, default, default));

    public static DetectedSide Side(Samples samples, IEnumerable<int> indices, MarginNullModel nullModel)
    {
        var rule = RuleOf(nullModel);
        return new(
            samples, [.. indices], Array.ConvertAll(samples.PValues(nullModel, rule.Null), p => p.Of(rule.Tail)), rule.Threshold);
    }
}

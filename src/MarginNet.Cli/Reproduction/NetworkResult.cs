using System.Collections.Immutable;
using MarginNet.Cli.Input;
using MarginNet.Cli.Output;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Reproduction;

/// <summary>The figures of one network: its row of Table I and its part of section V.</summary>
internal sealed record NetworkResult
{
    /// <summary>Goes up with every change to what is computed here, so that what an earlier version kept is not taken for it.</summary>
    public const int Version = 3;

    /// <summary>The p-value at or below which a sample counts as flagged.</summary>
    public const double Alpha = 0.05;

    /// <summary>The scores compared as detectors, by their names in <see cref="DetectionTable"/>.</summary>
    public static readonly ImmutableArray<string> Detectors =
    [
        "p lower",
        "p formula",
        "p two-sided",
        "p lower, error-weighted",
        "margin",
        "max softmax",
    ];

    /// <summary>Right decisions on the training images.</summary>
    public required Proportion Train { get; init; }

    /// <summary>Right decisions on the test images.</summary>
    public required Proportion Test { get; init; }

    /// <summary>Right decisions on the attacked test images.</summary>
    public required Proportion Attacked { get; init; }

    /// <summary>Training images whose margin is at least the one prescribed.</summary>
    public required Proportion MarginsMet { get; init; }

    /// <summary>Right decisions on test images that the lower-tail p-value flags.</summary>
    public required Proportion RightFlagged { get; init; }

    /// <summary>Wrong decisions on test images that it flags.</summary>
    public required Proportion WrongFlagged { get; init; }

    /// <summary>Attacked test images that it flags.</summary>
    public required Proportion AttackedFlagged { get; init; }

    /// <summary>The null model of each class, and of all classes last.</summary>
    public required ImmutableArray<NullSummary> Null { get; init; }

    /// <summary>Right from wrong decisions on test images; empty where all are right or all wrong.</summary>
    public required ImmutableArray<DetectorResult> WrongDecisions { get; init; }

    /// <summary>Clean from attacked test images.</summary>
    public required ImmutableArray<DetectorResult> Attack { get; init; }

    /// <summary>What the margins on test images certify.</summary>
    public CertificateResult? Certificates { get; init; }

    public static NetworkResult Compute(NetworkScores scores, double targetMargin, int resamples, int seed, CancellationToken cancellation)
    {
        var (test, attacked, nullModel) = (scores.Test, scores.Attacked, scores.NullModel);
        var (right, wrong) = test.Part(Lower(test, nullModel));
        return new()
        {
            Train = Right(scores.Train),
            Test = Right(test),
            Attacked = Right(attacked),
            MarginsMet = Share(NetworkScores.LabelledMargins(scores.Train), margin => margin >= targetMargin),
            RightFlagged = Share(right, p => p <= Alpha),
            WrongFlagged = Share(wrong, p => p <= Alpha),
            AttackedFlagged = Share(Lower(attacked, nullModel), p => p <= Alpha),
            Null = [.. test.ClassNames.Select((name, c) => NullSummary.Of(name, nullModel.Classes[c])), NullSummary.Of(nullModel)],
            WrongDecisions = right.Length == 0 || wrong.Length == 0 ? [] : Compare(scores.WrongDecisions(), resamples, seed, cancellation),
            Attack = Compare(scores.Attack(), resamples, seed, cancellation),
        };
    }

    private static double[] Lower(Samples samples, MarginNullModel nullModel) =>
        Array.ConvertAll(samples.PValues(nullModel, NullKind.Class), p => p.Lower);

    private static Proportion Right(Samples samples) => new(Enumerable.Range(0, samples.Count).Count(samples.IsRight), samples.Count);

    private static Proportion Share(double[] values, Func<double, bool> counts) => new(values.Count(counts), values.Length);

    private static ImmutableArray<DetectorResult> Compare(
        IEnumerable<DetectorScores> scores, int resamples, int seed, CancellationToken cancellation) =>
        [.. scores.Select(score => DetectorResult.Of(
            score.Name,
            DetectionReport.Compute(score.Typical, score.Atypical, resamples: resamples, seed: seed, cancellation: cancellation)))];
}

/// <summary>The null model of one class.</summary>
/// <param name="Name">The class.</param>
/// <param name="Right">Right decisions for it, which its mixture describes.</param>
/// <param name="Wrong">Wrong decisions for it, left out.</param>
/// <param name="Components">The mixture's components.</param>
/// <param name="KolmogorovSmirnov">How far its p-values are from uniform; null where it has no sample.</param>
/// <param name="FitPValue">How likely so large a distance is of a right mixture; null where it has none of its own.</param>
/// <param name="IsPoor">Whether the mixture does not describe its margins.</param>
/// <param name="IsPooled">Whether it has too few samples, so that the mixture of all classes takes its place.</param>
internal sealed record NullSummary(
    string Name, int Right, int Wrong, ImmutableArray<MixtureComponent> Components, double? KolmogorovSmirnov, double? FitPValue,
    bool IsPoor, bool IsPooled)
{
    public const string All = "all";

    public static NullSummary Of(string name, ClassNull own) => new(
        name,
        own.SampleCount,
        own.MisclassifiedCount,
        own.Distribution.Fit.Mixture.Components,
        NotNaN(own.KolmogorovSmirnov),
        NotNaN(own.FitPValue),
        CalibrationWarnings.IsPoor(own),
        own.IsPooled);

    public static NullSummary Of(MarginNullModel model) =>
        new(
            All,
            model.Pooled.SampleCount,
            model.MisclassifiedCount,
            model.Pooled.Fit.Mixture.Components,
            model.Pooled.KolmogorovSmirnov,
            NotNaN(model.Pooled.FitPValue),
            IsPoor: false,
            IsPooled: false);

    private static double? NotNaN(double value) => double.IsNaN(value) ? null : value;
}

/// <summary>How well one score parts typical from atypical samples.</summary>
internal sealed record DetectorResult(string Score, int Typical, int Atypical, double Auroc, Interval AurocInterval, double FprAt95Tpr)
{
    public static DetectorResult Of(string score, DetectionReport report) =>
        new(score, report.TypicalCount, report.AtypicalCount, report.Metrics.Auroc, report.Auroc, report.Metrics.FprAt95Tpr);
}

using System.Globalization;
using MarginNet.Cli.Reproduction;
using MarginNet.Detection;

namespace MarginNet.Cli.Report;

/// <summary>What the figures say, in sentences that are computed from them.</summary>
internal static class Findings
{
    /// <summary>Accuracy, attack and margins.</summary>
    public static IEnumerable<string> OnMargins(ExperimentResult experiment)
    {
        var baseline = experiment.Baseline;
        yield return experiment.Data.IsPapers
            ? "The images are as many, of the same classes, as the paper's: the numbers can be compared."
            : $"The data is '{experiment.Data.Name}' with {Count(experiment.Data.Train)} training and {Count(experiment.Data.Test)} test "
                + "images, not all of CIFAR-10: the paper's numbers are shown for orientation only.";
        foreach (var run in experiment.Runs.Where(run => !run.Run.IsBaseline))
        {
            yield return $"{run.Run.Title}: {Compare(run.Clean, baseline.Clean)} {baseline.Run.Title} on clean test images "
                + $"({Remarks(run, baseline, estimate => estimate.Clean, paper => paper.Clean)}); "
                + $"{Compare(run.Attacked, baseline.Attacked)} it under the attack "
                + $"({Remarks(run, baseline, estimate => estimate.Attacked, paper => paper.Attacked)}).";
        }

        foreach (var run in experiment.Runs.Where(run => !run.Run.IsBaseline))
        {
            var (first, which) = (run.First, run.Seeds.Length == 1 ? "" : " (first seed)");
            yield return first.MarginsMet.Count == first.MarginsMet.Total
                ? $"{run.Run.Title}: every training image has its margin{which}, as in the paper."
                : $"{run.Run.Title}: {Count(first.MarginsMet.Count)} of {Count(first.MarginsMet.Total)} training images have their margin "
                    + $"({Percent(first.MarginsMet.Rate)}){which}; in the paper all have.";
        }

        foreach (var pair in Twins(experiment))
        {
            yield return pair;
        }

        yield return experiment.Unmoved == 0
            ? "The attack changed every test image."
            : $"The attack left {Count(experiment.Unmoved)} of {Count(experiment.Data.Test * experiment.Settings.Seeds)} test images as "
                + "they were, since their gradient is exactly zero in single precision: "
                + "the accuracy under attack overstates robustness by as much.";
    }

    /// <summary>p-values and detectors, for the first seed.</summary>
    public static IEnumerable<string> OnPValues(RunResult run)
    {
        var result = run.First;
        yield return $"Of the right decisions on test images {Share(result.RightFlagged)} have a lower-tail p-value of at most "
            + $"{Number(NetworkResult.Alpha)}; it would be {Percent(NetworkResult.Alpha)} if their margins were like those of the training "
            + "images, which the null model is fitted to.";
        yield return "The same threshold flags "
            + $"{(result.WrongFlagged.Total == 0 ? "no wrong decision, for there is none" : $"{Share(result.WrongFlagged)} of the wrong decisions")} and {Share(result.AttackedFlagged)} of the attacked images.";
        if (!result.WrongDecisions.IsEmpty)
        {
            yield return $"Wrong decisions: {Best(result.WrongDecisions)}";
        }

        yield return $"Attacked images: {Best(result.Attack)}";
    }

    private static string Best(IReadOnlyList<DetectorResult> detectors)
    {
        var best = detectors.MaxBy(detector => detector.Auroc)!;
        string[] level = [.. detectors.Where(detector => detector != best && Overlap(detector.AurocInterval, best.AurocInterval))
            .Select(detector => DetectorNames.Title(detector.Score))];
        string[] below = [.. detectors.Where(detector => !Overlap(detector.AurocInterval, best.AurocInterval))
            .Select(detector => DetectorNames.Title(detector.Score))];
        return $"the largest AUROC is that of {DetectorNames.Title(best.Score)}, {Number(best.Auroc)}"
            + (level.Length == 0 ? "" : $"; with overlapping intervals: {string.Join(", ", level)}")
            + (below.Length == 0 ? "" : $"; with intervals below its own: {string.Join(", ", below)}") + ".";
    }

    /// <summary>Networks whose scores are the same on every test image.</summary>
    private static IEnumerable<string> Twins(ExperimentResult experiment) => experiment.Runs
        .GroupBy(run => string.Join(' ', run.Seeds.Select(seed => seed.ScoresDigest)))
        .Where(group => group.Count() > 1)
        .Select(group => $"{string.Join(" and ", group.Select(run => run.Run.Title))} give the same scores on every test image: "
            + $"{string.Join(" and ", group.Select(Describe))} led to the same network.");

    private static string Describe(RunResult run) =>
        string.Create(CultureInfo.InvariantCulture, $"{run.Run.Options.Loss} with μ = {run.Run.Options.TargetMargin}");

    private static string Compare(Estimate own, Estimate other) => Points(own.Value - other.Value) is var text && text.Length > 0
        ? $"{text} points {(own.Value > other.Value ? "above" : "below")}"
        : "level with";

    /// <summary>Whether the intervals overlap, and what the paper has.</summary>
    private static string Remarks(RunResult run, RunResult baseline, Func<RunResult, Estimate> estimate, Func<PaperResult, double> paper)
    {
        var intervals = Overlap(estimate(run).Interval, estimate(baseline).Interval)
            ? "the intervals overlap"
            : "the intervals do not overlap";
        if (run.Run.Paper is not { } own || baseline.Run.Paper is not { } other)
        {
            return intervals;
        }

        return $"{intervals}; in the paper {Points(paper(own) - paper(other))} {(paper(own) > paper(other) ? "above" : "below")}";
    }

    /// <summary>A difference of shares in points without its sign; empty where it rounds to none.</summary>
    private static string Points(double difference) =>
        Math.Round(100 * difference, 2) == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Math.Abs(100 * difference):f2}");

    private static bool Overlap(Interval a, Interval b) => a.Low <= b.High && b.Low <= a.High;

    private static string Share(Proportion share)
    {
        if (share.Total == 0)
        {
            return "none";
        }

        var interval = share.ExactInterval();
        return string.Create(CultureInfo.InvariantCulture, $"{share.Rate:p1} [{100 * interval.Low:f1}, {100 * interval.High:f1}]");
    }

    private static string Percent(double share) => share.ToString("p1", CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private static string Count(int count) => count.ToString("n0", CultureInfo.InvariantCulture);
}

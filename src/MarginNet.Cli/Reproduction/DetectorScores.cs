using MarginNet.Cli.Input;
using MarginNet.Cli.Output;

namespace MarginNet.Cli.Reproduction;

/// <summary>The values of one score, larger for typical samples.</summary>
internal sealed record DetectorScores(string Name, double[] Typical, double[] Atypical);

/// <summary>The comparisons of section V.</summary>
internal static class DetectorComparison
{
    /// <summary>Right from wrong decisions on the test images.</summary>
    public static IEnumerable<DetectorScores> WrongDecisions(this NetworkScores scores) =>
        Compared(scores, scores.Test)
            .Select(score => (score.Name, Parts: scores.Test.Part(score.Values)))
            .Select(score => new DetectorScores(score.Name, score.Parts.Right, score.Parts.Wrong));

    /// <summary>Clean from attacked test images.</summary>
    public static IEnumerable<DetectorScores> Attack(this NetworkScores scores) =>
        Compared(scores, scores.Test).Zip(
            Compared(scores, scores.Attacked), (clean, attacked) => new DetectorScores(clean.Name, clean.Values, attacked.Values));

    private static IEnumerable<(string Name, double[] Values)> Compared(NetworkScores scores, Samples samples) =>
        DetectionTable.Scores(samples, scores.NullModel).Where(score => NetworkResult.Detectors.Contains(score.Name));
}

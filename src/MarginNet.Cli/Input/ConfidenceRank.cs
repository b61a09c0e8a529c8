using System.Text.Json;
using MarginNet.Detection;
using MarginNet.PValues;

namespace MarginNet.Cli.Input;

/// <summary>P-values by rank of a confidence score, of the decided class or of all.</summary>
/// <param name="Score">The score.</param>
/// <param name="Kind">Which samples it is compared with. A class that has too few of its own is compared with all, as its margins are.</param>
/// <param name="NullModel">The null model, which has the score's values on right decisions.</param>
internal sealed record ConfidenceRank(ConfidenceScore Score, NullKind Kind, MarginNullModel NullModel)
{
    private readonly EmpiricalNull _typical = NullModel.Confidences[Score];

    /// <summary>What the command line calls the scores.</summary>
    public static string[] Names => [.. Enum.GetValues<ConfidenceScore>().Select(NameOf)];

    /// <summary>The score in words.</summary>
    public string Description => Kind == NullKind.Pooled ? $"{NameOf(Score)}, pooled" : NameOf(Score);

    /// <summary>Whether samples need weights.</summary>
    public bool IsWeighted => _typical.IsWeighted;

    public static string NameOf(ConfidenceScore score) => JsonNamingPolicy.KebabCaseLower.ConvertName(score.ToString());

    public static ConfidenceScore Parse(string name) => Array.Find(Enum.GetValues<ConfidenceScore>(), score => NameOf(score) == name);

    /// <summary>Ranks a score among its values on the right decisions of samples.</summary>
    /// <param name="samples">The samples, whose classes are known.</param>
    /// <param name="scores">What is fitted to them.</param>
    /// <param name="score">The score.</param>
    /// <param name="weights">The weights of the samples; null for none.</param>
    public static EmpiricalNull Fit(Samples samples, FittedScores scores, ConfidenceScore score, double[]? weights)
    {
        int[] right = [.. Enumerable.Range(0, samples.Count).Where(samples.IsRight)];
        return EmpiricalNull.Fit(
            Array.ConvertAll(right, i => scores.Compute(samples.Logits.Row(i), score)), Array.ConvertAll(right, i => samples.Predicted[i]),
            samples.ClassNames.Length, weights is null ? default : Array.ConvertAll(right, i => weights[i]));
    }

    /// <summary>The score and the p-value of one sample.</summary>
    public (double Value, double P) Of(ReadOnlySpan<double> logits, int decided, double weight = 1)
    {
        var value = NullModel.Scores!.Compute(logits, Score);
        return (value, _typical.PValue(value, decided, NullModel.Classes[decided].IsPooled ? NullKind.Pooled : Kind, weight));
    }
}

using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary><c>--confidence</c> of <c>pvalue</c>: p-values of another score than the margin.</summary>
internal sealed class ConfidenceOption
{
    private readonly Option<string?> _score = new Option<string?>("--confidence")
    {
        Description = "Flag by the p-value of this score, by rank, instead of the margin's: one that 'marginnet calibrate --confidence' "
            + $"kept ({string.Join(", ", ConfidenceRank.Names)}).",
    }.AcceptOnlyFromAmong(ConfidenceRank.Names);

    public Option Option => _score;

    public bool IsGiven(ParseResult parsed) => parsed.IsGiven(_score);

    /// <summary>The p-values that are asked for; null for those of margins.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="nullModel">The null model.</param>
    /// <param name="kind">What scores are compared with.</param>
    /// <param name="calibrate">The command that keeps the score.</param>
    public ConfidenceRank? Of(ParseResult parsed, MarginNullModel nullModel, NullKind kind, string calibrate)
    {
        if (parsed.GetValue(_score) is not { } name)
        {
            return null;
        }

        var score = ConfidenceRank.Parse(name);
        return nullModel.Confidences.ContainsKey(score) && nullModel.Scores is not null
            ? new(score, kind, nullModel)
            : throw new UserErrorException($"--confidence {name} needs what only '{calibrate} --confidence {name}' keeps of the "
                + "calibration samples: run it first.");
    }
}

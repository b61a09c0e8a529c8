using System.CommandLine;
using MarginNet.Cli.Input;
using MarginNet.PValues;

namespace MarginNet.Cli.Options;

/// <summary>Prediction sets beside p-values: <c>--sets</c> and <c>--class-conditional</c>.</summary>
internal sealed class SetOptions
{
    private readonly Option<string?> _score = new Option<string?>("--sets")
    {
        Description = "Also give the classes that each sample may be of, the true one among them at the rate 1 - alpha (--alpha, by "
            + "default 0.05): by lac (small sets, which may be empty), aps (sets that grow with difficulty) or raps (those without "
            + "improbable classes).",
    }.AcceptOnlyFromAmong("lac", "aps", "raps");

    private readonly Option<bool> _isClassConditional = new("--class-conditional")
    {
        Description = "With --sets: keep the rate for each class, not only for all together.",
    };

    public Option[] All => [_score, _isClassConditional];

    public bool AreGiven(ParseResult parsed) => parsed.GetValue(_score) is not null;

    /// <summary>Requires what belongs together, before the work.</summary>
    public void ThrowIfIncomplete(ParseResult parsed)
    {
        if (parsed.GetValue(_isClassConditional) && !AreGiven(parsed))
        {
            throw new UserErrorException("--class-conditional has no effect without --sets: leave it out, or add that.");
        }
    }

    /// <summary>The sets that are asked for; null for none.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="nullModel">The null model, which has what was kept of its calibration samples.</param>
    /// <param name="alpha">The rate at which sets may miss the true class.</param>
    /// <param name="calibrate">The command that keeps it.</param>
    public ClassSets? Of(ParseResult parsed, MarginNullModel nullModel, double alpha, string calibrate)
    {
        if (parsed.GetValue(_score) is not { } score)
        {
            return null;
        }

        var calibration = nullModel.Sets ?? throw new UserErrorException(
            $"--sets need what only '{calibrate}' keeps of the calibration samples: run it first.");
        return new(
            calibration.ToSets(new()
            {
                Score = Enum.Parse<NonconformityScore>(score, ignoreCase: true),
                IsClassConditional = parsed.GetValue(_isClassConditional),
            }),
            score, 1 - alpha, nullModel.Scores?.Temperature ?? 1);
    }
}

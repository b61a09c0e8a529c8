using System.CommandLine;
using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Margins;

namespace MarginNet.Cli.Options;

/// <summary>What the numbers in files are, where they do not say it: <c>--scores</c> and <c>--pixels</c>. Where neither is given,
/// doubtful ones are told.</summary>
internal sealed class UnitOptions
{
    private const string Probabilities = "probabilities";
    private const string LogProbabilities = "log-probabilities";
    private const string Unit = "unit";
    private const string Byte = "byte";
    private const string Normalized = "normalized";

    private readonly Option<string?> _scores = new("--scores")
    {
        Description = "What the class scores are: logits, probabilities (their logarithms are taken, which have the logits' margins), "
            + "or log-probabilities. By default logits, with a warning where they look like the others.",
    };

    private readonly Option<string?> _pixels = new("--pixels")
    {
        Description = "What the pixels of a .npy file are: unit (in [0,1]), byte (0 to 255, which are divided by 255) or normalized (as "
            + "the model normalizes them, which is undone). By default whole numbers are bytes and others are in [0,1], "
            + "with a warning where they lie far outside.",
    };

    public UnitOptions()
    {
        _scores.AcceptOnlyFromAmong("logits", Probabilities, LogProbabilities);
        _pixels.AcceptOnlyFromAmong(Unit, Byte, Normalized);
    }

    public Option Pixels => _pixels;

    public void AddTo(Command command)
    {
        command.Add(_scores);
        command.Add(_pixels);
    }

    /// <summary>What <c>--scores</c> says; null where it is not given.</summary>
    public ScoreKind? ScoreKindOf(ParseResult parsed) => parsed.GetValue(_scores) switch
    {
        null => null,
        Probabilities => ScoreKind.Probabilities,
        LogProbabilities => ScoreKind.LogProbabilities,
        _ => ScoreKind.Logits,
    };

    /// <summary>What <c>--pixels</c> says; null where it is not given.</summary>
    public PixelUnit? PixelUnitOf(ParseResult parsed) => parsed.GetValue(_pixels) switch
    {
        null => null,
        Byte => PixelUnit.Byte,
        Normalized => PixelUnit.Normalized,
        _ => PixelUnit.Unit,
    };

    /// <summary>Warns where scores look like probabilities and <c>--scores</c> does not say what they are.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="kind">What the scores look like.</param>
    /// <param name="source">What messages call them.</param>
    public void Warn(ParseResult parsed, ScoreKind kind, string source)
    {
        if (ScoreKindOf(parsed) is not null || kind == ScoreKind.Logits)
        {
            return;
        }

        parsed.Warn(kind == ScoreKind.Probabilities
            ? $"{source}: every row lies in [0, 1] and sums to 1, so these are probably probabilities, "
                + "whose differences are no margins: give --scores probabilities to take their logarithms, "
                + "a network's logits instead of its softmax, or --scores logits if that is what they are."
            : $"{source}: the exponentials of every row sum to 1, so these are probably log-probabilities: "
                + "their margins are those of the logits, but give --scores log-probabilities, "
                + "or --scores logits if that is what they are.");
    }

    /// <summary>Warns where pixels look as if they were in another unit than [0, 1] and <c>--pixels</c> does not say which.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="images">The images.</param>
    /// <param name="normalization">The model's own normalisation.</param>
    /// <param name="source">What messages call them.</param>
    public void Warn(ParseResult parsed, ImageArray images, ChannelStatistics normalization, string source)
    {
        if (PixelUnitOf(parsed) is not null)
        {
            return;
        }

        var (least, most) = images.Range;
        var range = FormattableString.Invariant(
            $"{source}: its pixels are {least:g3} to {most:g3}, and models take them in [0, 1]:");
        if (images.GuessUnit() is var unit && unit != PixelUnit.Unit)
        {
            parsed.Warn(unit == PixelUnit.Byte
                ? $"{range} give --pixels byte if they are 0 to 255, or --pixels unit if they are as they should be."
                : $"{range} they were probably normalized by a mean and a deviation, "
                    + $"{Cure(normalization)} or --pixels unit if they are as they should be.");
        }
        else if (least >= 0 && most is > 0 and <= 1f / 255)
        {
            parsed.Warn($"{range} they were probably divided by 255 twice, "
                + "or are whole numbers of 0 and 1: give --pixels unit if they are as they should be.");
        }
    }

    private static string Cure(ChannelStatistics normalization) =>
        normalization.Mean.All(mean => mean == 0) && normalization.StandardDeviation.All(deviation => deviation == 1)
            ? "of which this model knows nothing: give images in [0, 1] and --normalize, or --pixels normalized if the model takes them so,"
            : "as this model does itself: give images in [0, 1], or --pixels normalized if they were normalized by the model's own,";
}

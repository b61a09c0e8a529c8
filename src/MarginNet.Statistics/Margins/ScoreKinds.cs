using MarginNet.Arrays;

namespace MarginNet.Margins;

/// <summary>Tells logits from probabilities, which are often given for them, and makes margins' scores of either.</summary>
public static class ScoreKinds
{
    /// <summary>Tells what scores are by all of their rows: a row of logits may sum to 1 by chance, but not every row.</summary>
    /// <param name="scores">Class scores, shape [N, C].</param>
    /// <returns>Probabilities where every row lies in [0, 1] and sums to 1, log-probabilities where the exponentials of every row do,
    /// else logits; up to rounding.</returns>
    public static ScoreKind Guess(NumericArray scores)
    {
        var tally = default(ScoreKindTally);
        for (var i = 0; i < scores.Rows; i++)
            tally.Add(scores.Row(i));

        return tally.Kind;
    }

    /// <inheritdoc cref="Guess(NumericArray)"/>
    public static ScoreKind Guess(ScoreMatrix scores)
    {
        var tally = default(ScoreKindTally);
        var row = new double[scores.ClassCount];
        for (var i = 0; i < scores.Count; i++)
        {
            for (var c = 0; c < row.Length; c++)
                row[c] = scores[i][c];

            tally.Add(row);
        }

        return tally.Kind;
    }

    /// <summary>Makes scores of which differences are margins: of probabilities p their logarithms ln p;
    /// logits and log-probabilities are so already.</summary>
    /// <remarks>
    /// A probability of 0, which a softmax gives by rounding, is taken for the smallest one above 0 among all: so the margins
    /// of its row are at least as large as those returned, and <see cref="NumericArray.Notes"/> tells how many there are.
    /// </remarks>
    /// <param name="scores">Class scores, shape [N, C].</param>
    /// <param name="kind">What they are.</param>
    /// <returns>The scores, shape [N, C].</returns>
    /// <exception cref="InvalidDataException">One of the probabilities is below 0, or none is above 0.</exception>
    public static NumericArray ToLogits(NumericArray scores, ScoreKind kind)
    {
        if (kind != ScoreKind.Probabilities)
            return scores;

        var values = scores.Values.Span;
        var least = SmallestAboveZero(scores);
        var logarithms = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
            logarithms[i] = Math.Log(Math.Max(values[i], least));

        var zeros = values.Count(0.0);
        return scores with
        {
            Values = logarithms,
            Notes = zeros == 0
                ? scores.Notes
                : scores.Notes.Add(
                    FormattableString.Invariant(
                        $"{zeros} of {values.Length} probabilities are 0, and were taken for the smallest above 0, {least:g3}; logits would keep their margins.")),
        };
    }

    private static double SmallestAboveZero(NumericArray scores)
    {
        var (values, least) = (scores.Values, double.PositiveInfinity);
        for (var i = 0; i < values.Length; i++)
        {
            var value = values.Span[i];
            if (value < 0)
            {
                throw new InvalidDataException(FormattableString.Invariant(
                    $"The score of row {i / scores.Columns} and class {i % scores.Columns} is {value}, which is no probability: they are logits or log-probabilities."));
            }

            least = value > 0 ? Math.Min(least, value) : least;
        }

        return double.IsFinite(least) ? least : throw new InvalidDataException("No probability is above 0.");
    }
}

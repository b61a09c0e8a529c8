using MarginNet.Arrays;

namespace MarginNet.Margins;

/// <summary>Tells logits from probabilities, which are often given for them, and makes margins' scores of either.</summary>
public static class ScoreKinds
{
    /// <summary>Tells what scores are by all of their rows: a row of logits may sum to 1 by chance, but not every row.</summary>
    /// <param name="scores">Class scores, shape [N, C].</param>
    /// <returns>Probabilities where every row lies in [0, 1] and sums to 1, log-probabilities where the exponentials of every row do, else logits; up to rounding.</returns>
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

    /// <summary>Makes scores of which differences are margins: of probabilities p their logarithms ln p; logits and log-probabilities are so already.</summary>
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

        var (values, logarithms) = (scores.Values.Span, new double[scores.Values.Length]);
        var (least, zeros) = (double.PositiveInfinity, 0);
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] < 0)
                throw new InvalidDataException(FormattableString.Invariant($"The score of row {i / scores.Columns} and class {i % scores.Columns} is {values[i]}, which is no probability: they are logits or log-probabilities."));

            (least, zeros) = values[i] == 0 ? (least, zeros + 1) : (Math.Min(least, values[i]), zeros);
        }

        if (zeros > 0 && double.IsPositiveInfinity(least))
            throw new InvalidDataException("No probability is above 0.");

        for (var i = 0; i < values.Length; i++)
            logarithms[i] = Math.Log(values[i] == 0 ? least : values[i]);

        return scores with
        {
            Values = logarithms,
            Notes = zeros == 0 ? scores.Notes : scores.Notes.Add(FormattableString.Invariant($"{zeros} of {values.Length} probabilities are 0, and were taken for the smallest above 0, {least:g3}; logits would keep their margins.")),
        };
    }
}

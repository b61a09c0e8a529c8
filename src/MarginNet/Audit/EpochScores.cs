using MarginNet.Arrays;
using MarginNet.Margins;

namespace MarginNet.Audit;

/// <summary>Scores or margins that any framework recorded while it trained, from a file.</summary>
public static class EpochScores
{
    /// <summary>Reads class scores.</summary>
    /// <param name="path">A .npy or .npz file of shape [E, N, C] for E epochs or [N, C] for one, or a .csv file of shape [N, C];
    /// see <see cref="ArrayFile.Read"/>.</param>
    /// <param name="areProbabilities">Whether they are probabilities, of which the logarithms are taken;
    /// those below 1e-12 are taken for it. Default false.</param>
    /// <returns>Logits of each epoch, each of shape [N, C].</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed, has another shape, or holds a number that is no score.</exception>
    public static ScoreMatrix[] Read(string path, bool areProbabilities = false)
    {
        var (values, shape) = ArrayFile.ReadScores(path);
        if (shape[2] < 2)
        {
            throw new InvalidDataException($"{path}: expected scores of at least 2 classes, but found shape [{string.Join(", ", shape)}].");
        }

        if (areProbabilities)
        {
            var bad = Array.FindIndex(values, value => value is not (>= 0 and <= 1));
            if (bad >= 0)
            {
                throw new InvalidDataException(FormattableString.Invariant(
                    $"{path}: expected probabilities in [0, 1], but sample {bad / shape[2] % shape[1]} has {values[bad]}."));
            }

            values = Array.ConvertAll(values, value => MathF.Log(Math.Max(value, 1e-12f)));
        }

        try
        {
            return [.. values.Chunk(shape[1] * shape[2]).Select(epoch => new ScoreMatrix(epoch, shape[2]))];
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    /// <summary>Reads labelled margins.</summary>
    /// <param name="path">A file of shape [E, N] for E epochs or [N] for one; see <see cref="ArrayFile.Read"/>.</param>
    /// <returns>The margins, without scores.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or has another shape, or a margin is not finite.</exception>
    public static MarginRecord ReadMargins(string path)
    {
        var array = ArrayFile.Read(path);
        if (array.Rows == 0)
        {
            throw new InvalidDataException($"{path} holds no margins: expected shape [E, N] or [N].");
        }

        try
        {
            return new(
                Array.ConvertAll(array.Values.ToArray(), margin => (float)margin), array.IsVector ? array.Rows : array.Columns);
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}

using MarginNet.Arrays;
using MarginNet.Checkpoints;

namespace MarginNet.Margins;

/// <summary>
/// The labelled margins of N samples in each of E epochs of training, and their mean scores: what shows which labels a network
/// learns late or never (Pleiss et al., 2020). Immutable.
/// </summary>
public sealed class MarginRecord
{
    private readonly float[] _margins;

    /// <summary>Takes recorded margins.</summary>
    /// <param name="margins">The labelled margins, epoch after epoch, shape [E, N] with E ≥ 1 and N ≥ 1, all finite; not copied, so the
    /// caller hands them over.</param>
    /// <param name="count">N.</param>
    /// <param name="meanScores">The scores of each sample, averaged over the epochs, shape [N, C];
    /// null, the default, where unknown.</param>
    /// <exception cref="ArgumentException">The sizes disagree, or a margin is NaN or infinite.</exception>
    public MarginRecord(float[] margins, int count, ScoreMatrix? meanScores = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (margins.Length == 0 || margins.Length % count != 0)
        {
            throw new ArgumentException($"{margins.Length} margins do not make epochs of {count}.", nameof(margins));
        }

        if (meanScores is not null && meanScores.Count != count)
        {
            throw new ArgumentException($"Expected mean scores of {count} samples, but got {meanScores.Count}.", nameof(meanScores));
        }

        var bad = Array.FindIndex(margins, margin => !float.IsFinite(margin));
        if (bad >= 0)
        {
            throw new ArgumentException($"Sample {bad % count} has the margin {margins[bad]} in epoch {bad / count}.", nameof(margins));
        }

        (_margins, Count, MeanScores) = (margins, count, meanScores);
    }

    /// <summary>The number of samples N.</summary>
    public int Count { get; }

    /// <summary>The number of epochs E.</summary>
    public int Epochs => _margins.Length / Count;

    /// <summary>The scores of each sample, averaged over the epochs, shape [N, C]; null where unknown.</summary>
    public ScoreMatrix? MeanScores { get; }

    /// <summary>The labelled margins of one epoch, shape [N].</summary>
    /// <param name="epoch">The epoch, in [0, E).</param>
    public ReadOnlySpan<float> this[int epoch] => _margins.AsSpan(epoch * Count, Count);

    /// <summary>Reads margins off the scores of each epoch.</summary>
    /// <param name="epochs">The scores of E ≥ 1 epochs, each of shape [N, C].</param>
    /// <param name="labels">The given labels, shape [N], each in [0, C).</param>
    /// <exception cref="ArgumentException">There is no epoch, or shapes disagree, or a label is no class.</exception>
    public static MarginRecord FromScores(IReadOnlyList<ScoreMatrix> epochs, ReadOnlySpan<int> labels)
    {
        ArgumentOutOfRangeException.ThrowIfZero(epochs.Count, nameof(epochs));
        var (count, classes) = (epochs[0].Count, epochs[0].ClassCount);
        var (margins, sums) = (new float[epochs.Count * count], new double[count * classes]);
        for (var e = 0; e < epochs.Count; e++)
        {
            if (epochs[e].Count != count || epochs[e].ClassCount != classes)
            {
                throw new ArgumentException($"Expected scores [{count}, {classes}] of every epoch, but epoch {e} has "
                    + $"[{epochs[e].Count}, {epochs[e].ClassCount}].", nameof(epochs));
            }

            var own = epochs[e].LabelledMargins(labels);
            for (var i = 0; i < count; i++)
            {
                margins[(e * count) + i] = (float)own[i];
                for (var c = 0; c < classes; c++)
                {
                    sums[(i * classes) + c] += epochs[e][i][c];
                }
            }
        }

        return new(margins, count, new(Array.ConvertAll(sums, sum => (float)(sum / epochs.Count)), classes));
    }

    /// <summary>Computes the mean of each sample's margins over the epochs, shape [N]: the area under the margin of Pleiss et al.</summary>
    public double[] Mean()
    {
        var means = new double[Count];
        for (var e = 0; e < Epochs; e++)
        {
            for (var i = 0; i < Count; i++)
            {
                means[i] += this[e][i];
            }
        }

        return Array.ConvertAll(means, sum => sum / Epochs);
    }

    /// <summary>The margins of the last epoch, shape [N].</summary>
    public double[] Last() => Array.ConvertAll(this[Epochs - 1].ToArray(), margin => (double)margin);

    /// <summary>Writes the margins to a .npy file, float32, shape [E, N], whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.npy</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => NumpyFormat.Write<float>(stream, _margins, [Epochs, Count]));
}

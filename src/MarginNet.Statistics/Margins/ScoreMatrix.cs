using MarginNet.Arrays;
using MarginNet.Checkpoints;

namespace MarginNet.Margins;

/// <summary>The class scores of many samples in managed memory, one row of C logits for each; immutable.</summary>
public sealed class ScoreMatrix
{
    private readonly float[] _values;

    /// <summary>Takes the scores of N samples, row after row.</summary>
    /// <param name="values">The scores, length N·C, all finite; not copied, so the caller hands them over.</param>
    /// <param name="classCount">C, at least 2.</param>
    /// <exception cref="ArgumentException">The length is no multiple of C, or a score is NaN or infinite.</exception>
    public ScoreMatrix(float[] values, int classCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, 2);
        if (values.Length % classCount != 0)
        {
            throw new ArgumentException($"{values.Length} scores do not make rows of {classCount}.", nameof(values));
        }

        var bad = Array.FindIndex(values, value => !float.IsFinite(value));
        if (bad >= 0)
        {
            throw new ArgumentException(
                $"Sample {bad / classCount} has the score {values[bad]} for class {bad % classCount}: a margin needs finite scores.",
                nameof(values));
        }

        _values = values;
        ClassCount = classCount;
    }

    /// <summary>The number of samples N.</summary>
    public int Count => _values.Length / ClassCount;

    /// <summary>The number of classes C.</summary>
    public int ClassCount { get; }

    /// <summary>The scores of one sample, length C.</summary>
    /// <param name="index">The sample, in [0, N).</param>
    public ReadOnlySpan<float> this[int index] => _values.AsSpan(index * ClassCount, ClassCount);

    /// <summary>The labelled margin of every sample, see <see cref="LabelledMargin"/>.</summary>
    /// <param name="labels">True classes, length N, each in [0, C).</param>
    /// <exception cref="ArgumentException">There is not one label for each sample.</exception>
    public double[] LabelledMargins(ReadOnlySpan<int> labels)
    {
        ThrowIfNotOnePerSample(labels.Length);
        var margins = new double[Count];
        for (var i = 0; i < margins.Length; i++)
        {
            margins[i] = LabelledMargin.Compute(this[i], labels[i]);
        }

        return margins;
    }

    /// <summary>The decided class and the decision margin (2) of every sample, see <see cref="DecisionMargin"/>.</summary>
    public (int[] Classes, double[] Margins) Decisions()
    {
        var classes = new int[Count];
        var margins = new double[Count];
        for (var i = 0; i < margins.Length; i++)
        {
            (classes[i], margins[i]) = DecisionMargin.Compute(this[i]);
        }

        return (classes, margins);
    }

    /// <summary>The share of samples whose decision is their label, in [0, 1]; NaN where there is no sample.</summary>
    /// <param name="labels">True classes, length N.</param>
    /// <exception cref="ArgumentException">There is not one label for each sample.</exception>
    public double Accuracy(ReadOnlySpan<int> labels)
    {
        ThrowIfNotOnePerSample(labels.Length);
        var correct = 0;
        for (var i = 0; i < labels.Length; i++)
        {
            correct += DecisionMargin.Compute(this[i]).Class == labels[i] ? 1 : 0;
        }

        return (double)correct / Count;
    }

    /// <summary>Writes a .npy file, float32, shape [N, C], whole or not at all.</summary>
    /// <param name="path">The file to write or replace, by custom <c>*.npy</c>.</param>
    /// <exception cref="IOException">The file cannot be written; an earlier one of that name is unchanged.</exception>
    public void Save(string path) => AtomicFile.Write(path, stream => NumpyFormat.Write<float>(stream, _values, [Count, ClassCount]));

    private void ThrowIfNotOnePerSample(int labels)
    {
        if (labels != Count)
        {
            throw new ArgumentException($"Expected {Count} labels, one for each sample, but got {labels}.", nameof(labels));
        }
    }
}

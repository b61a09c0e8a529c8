namespace MarginNet.Margins;

/// <summary>The lead of the true class over its strongest rival, in logits; negative where the sample is misclassified.</summary>
public static class LabelledMargin
{
    /// <summary>Computes f[c] − max over j ≠ c of f[j] for one sample, without LibTorch.</summary>
    /// <param name="scores">Class scores f of one sample, length C ≥ 2.</param>
    /// <param name="label">The true class c, in [0, C).</param>
    /// <exception cref="ArgumentException">There are fewer than two scores.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="label"/> is no class.</exception>
    public static double Compute(ReadOnlySpan<float> scores, int label)
    {
        DecisionMargin.ThrowIfTooFew(scores);
        ArgumentOutOfRangeException.ThrowIfNegative(label);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(label, scores.Length);
        var rival = float.NegativeInfinity;
        for (var i = 0; i < scores.Length; i++)
        {
            if (i != label)
            {
                rival = Math.Max(rival, scores[i]);
            }
        }

        return (double)scores[label] - rival;
    }
}

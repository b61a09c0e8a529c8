using System.Numerics.Tensors;

namespace MarginNet.Detection;

/// <summary>Confidence scores of one sample from its logits f, all larger for typical samples. None allocates.</summary>
public static class LogitScores
{
    /// <summary>Computes the decision margin: the largest logit less the second largest.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at least 0; exactly 0 on a tie.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double Margin(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        var (largest, second) = (double.NegativeInfinity, double.NegativeInfinity);
        foreach (var logit in logits)
            (largest, second) = logit > largest ? (logit, largest) : (largest, Math.Max(second, logit));

        return largest - second;
    }

    /// <summary>Computes the maximum softmax probability max exp(fᵢ)/Σ exp(fⱼ) (Hendrycks and Gimpel 2017).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A probability in [1/C, 1].</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double MaxSoftmax(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        return 1 / SumExp(logits, TensorPrimitives.Max(logits));
    }

    /// <summary>
    /// Computes the log-odds of the maximum softmax probability p, log(p/(1 − p)) = max fᵢ − log Σ over the others of exp(fⱼ).
    /// It orders samples as p does, but does not saturate where p rounds to 1, from a lead of about 37 on.
    /// </summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at most the margin, and at least that less log(C − 1).</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double MaxSoftmaxLogOdds(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        var (first, second) = (TensorPrimitives.IndexOfMax(logits), double.NegativeInfinity);
        for (var i = 0; i < logits.Length; i++)
            second = i == first ? second : Math.Max(second, logits[i]);

        var sum = 0.0; // of the others, relative to the second
        for (var i = 0; i < logits.Length; i++)
            sum += i == first ? 0 : Math.Exp(logits[i] - second);

        return logits[first] - second - Math.Log(sum);
    }

    /// <summary>Computes the maximum logit max fᵢ (Hendrycks et al. 2022).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>The largest logit.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double MaxLogit(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        return TensorPrimitives.Max(logits);
    }

    /// <summary>Computes the negative free energy log Σ exp(fⱼ) (Liu et al. 2020), at temperature 1.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at least the largest logit.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double Energy(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        var largest = TensorPrimitives.Max(logits);
        return largest + Math.Log(SumExp(logits, largest));
    }

    /// <summary>Computes the negative entropy Σ pᵢ log pᵢ of the softmax probabilities p, in nats.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number in [−log C, 0].</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double NegativeEntropy(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        var largest = TensorPrimitives.Max(logits);
        var sum = SumExp(logits, largest);
        var expected = 0.0;
        foreach (var logit in logits)
            expected += Math.Exp(logit - largest) / sum * (logit - largest);

        return expected - Math.Log(sum);
    }

    private static double SumExp(ReadOnlySpan<double> logits, double largest)
    {
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);

        return sum;
    }

    private static void ThrowIfInvalid(ReadOnlySpan<double> logits)
    {
        if (logits.Length < 2)
            throw new ArgumentException($"Expected the logits of at least two classes, but got {logits.Length}.", nameof(logits));

        for (var i = 0; i < logits.Length; i++)
            if (!double.IsFinite(logits[i]))
                throw new ArgumentException(
                    FormattableString.Invariant($"Expected finite logits, but the one at index {i} is {logits[i]}."), nameof(logits));
    }
}

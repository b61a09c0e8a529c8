using System.Buffers;
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
    /// It is −log of DOCTOR's D_β = (1 − p)/p (Granese et al. 2021), too.
    /// </summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at most the margin, and at least that less log(C − 1).</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double MaxSoftmaxLogOdds(ReadOnlySpan<double> logits) => MaxSoftmaxLogOdds(logits, 1);

    /// <summary>Computes the log-odds of the maximum of softmax(f/T), whose order T changes where there are more than two
    /// classes.</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <param name="temperature">The temperature T, positive and finite.</param>
    /// <returns>A number of at most the margin over T, and at least that less log(C − 1).</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, one is NaN or infinite, or T is out of range.</exception>
    public static double MaxSoftmaxLogOdds(ReadOnlySpan<double> logits, double temperature)
    {
        ThrowIfInvalid(logits);
        if (temperature is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "Expected a positive, finite temperature.");

        var (_, lead, others) = Rivals(logits, temperature);
        return lead - Math.Log(others);
    }

    /// <summary>
    /// Computes −log of DOCTOR's D_α = (1 − g)/g with g = Σ pᵢ² of the softmax probabilities p (Granese et al. 2021),
    /// which does not saturate where p rounds to 1.
    /// </summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <returns>A number of at least −log(C − 1).</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, or one is NaN or infinite.</exception>
    public static double DoctorAlpha(ReadOnlySpan<double> logits)
    {
        ThrowIfInvalid(logits);
        var (first, lead, others) = Rivals(logits, 1);
        var squares = 0.0; // of what the others add up, relative to the first
        for (var i = 0; i < logits.Length; i++)
            squares += i == first ? 0 : Math.Exp(2 * (logits[i] - logits[first] + lead));

        // With r = Σ exp(fⱼ − max) and q = Σ exp(2(fⱼ − max)) over the others, D_α = (2r + r² − q)/(1 + q): nothing cancels.
        var fade = Math.Exp(-lead);
        var gini = 2 + (fade * (others - (squares / others)));
        return lead - Math.Log(others) - Math.Log(gini) + Math.Log(1 + (fade * fade * squares));
    }

    /// <summary>Computes GEN, the negative generalized entropy −Σ pᵢ^γ (1 − pᵢ)^γ of the M largest softmax probabilities
    /// (Liu, Lochman and Zach 2023).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <param name="gamma">The exponent γ > 0. Default 0.1, the authors'.</param>
    /// <param name="top">The number M ≥ 1 of probabilities. Default 100, the authors' for 1,000 classes; all where C is smaller.</param>
    /// <returns>A number of at most 0.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, one is NaN or infinite, or γ or M is out of range.</exception>
    public static double GeneralizedEntropy(ReadOnlySpan<double> logits, double gamma = 0.1, int top = 100)
    {
        ThrowIfInvalid(logits);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        if (gamma is not (> 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(gamma), gamma, "Expected a positive, finite exponent.");

        var sorted = ArrayPool<double>.Shared.Rent(logits.Length);
        logits.CopyTo(sorted);
        Array.Sort(sorted, 0, logits.Length);
        var (_, lead, others) = Rivals(logits, 1);
        var logSum = Math.Log(1 + (Math.Exp(-lead) * others)); // relative to the largest
        var entropy = Math.Exp(gamma * (Math.Log(others) - lead - (2 * logSum))); // of the largest, whose 1 − p may round to 0
        for (var i = logits.Length - 2; i >= Math.Max(0, logits.Length - top); i--)
        {
            var logP = sorted[i] - sorted[logits.Length - 1] - logSum;
            entropy += Math.Exp(gamma * logP) * Math.Pow(1 - Math.Exp(logP), gamma);
        }

        ArrayPool<double>.Shared.Return(sorted);
        return -entropy;
    }

    /// <summary>Computes MaxLogit-pNorm, max zᵢ/‖z‖ₚ of the logits z less their mean (Cattelan and Silva 2024).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <param name="order">The order p of the norm, at least 1. Of two classes the score is 2^(−1/p), whatever they are.</param>
    /// <returns>A number in [0, 1]; 0 where all logits are equal.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, one is NaN or infinite, or p is out of range.</exception>
    public static double MaxLogitPNorm(ReadOnlySpan<double> logits, int order) =>
        OverNorm((TensorPrimitives.Max(logits) / 2) - HalfMean(logits), logits, order);

    /// <summary>Computes the margin of p-normalised logits, (max fᵢ − second)/‖z‖ₚ with the logits z less their mean
    /// (Cattelan and Silva 2024).</summary>
    /// <param name="logits">Class scores f, shape [C] with C ≥ 2, finite.</param>
    /// <param name="order">The order p of the norm, at least 1.</param>
    /// <returns>A number in [0, 2]; 0 at a tie.</returns>
    /// <exception cref="ArgumentException">There are fewer than two logits, one is NaN or infinite, or p is out of range.</exception>
    public static double MarginPNorm(ReadOnlySpan<double> logits, int order) => OverNorm(Margin(logits) / 2, logits, order);

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

    /// <summary>Computes p = softmax(f), shape [C].</summary>
    internal static void Softmax(ReadOnlySpan<double> logits, Span<double> p)
    {
        TensorPrimitives.Subtract(logits, TensorPrimitives.Max(logits), p);
        TensorPrimitives.Exp(p, p);
        TensorPrimitives.Divide(p, TensorPrimitives.Sum<double>(p), p);
    }

    /// <summary>The place of the largest logit, its lead over the second at temperature T,
    /// and Σ over the others of exp((f − second)/T), in [1, C − 1].</summary>
    private static (int First, double Lead, double Others) Rivals(ReadOnlySpan<double> logits, double temperature)
    {
        var (first, second) = (TensorPrimitives.IndexOfMax(logits), double.NegativeInfinity);
        for (var i = 0; i < logits.Length; i++)
            second = i == first ? second : Math.Max(second, logits[i]);

        var others = 0.0;
        for (var i = 0; i < logits.Length; i++)
            others += i == first ? 0 : Math.Exp((logits[i] - second) / temperature);

        return (first, (logits[first] - second) / temperature, others);
    }

    /// <summary>A value over the norm ‖z‖ₚ of the logits z less their mean, from half the value, as no half of a difference overflows;
    /// exactly 0 where all logits are equal.</summary>
    private static double OverNorm(double half, ReadOnlySpan<double> logits, int order)
    {
        ThrowIfInvalid(logits);
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        if (TensorPrimitives.Max(logits) == TensorPrimitives.Min(logits))
            return 0; // Their mean may be off by its rounding.

        var (mean, largest, sum) = (HalfMean(logits), 0.0, 0.0);
        foreach (var logit in logits)
            largest = Math.Max(largest, Math.Abs((logit / 2) - mean));

        foreach (var logit in logits)
        {
            var (ratio, power) = (Math.Abs((logit / 2) - mean) / largest, 1.0);
            for (var k = 0; k < order; k++)
                power *= ratio;

            sum += power;
        }

        return half / largest / Math.Pow(sum, 1.0 / order);
    }

    private static double HalfMean(ReadOnlySpan<double> logits)
    {
        var mean = 0.0;
        foreach (var logit in logits)
            mean += logit / 2 / logits.Length;

        return mean;
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

using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Losses;

/// <summary>The normalised margin constraint, equation (8) with λ = 1.</summary>
public static class NormalizedDualLoss
{
    /// <summary>Computes (max over i ≠ c of f_i + μ − f_c) / ((C−1)μ + Σ_j f_j).</summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2; f ≥ 0, or at least a positive denominator.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ > 0, a scalar or shape [N].</param>
    /// <returns>Losses, shape [N], of the sign of the constraint: ≤ 0 exactly where the margin is at least μ.
    /// The caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated, or a denominator is not positive.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        using var scope = NewDisposeScope();
        var margins = targetMargins.to(logits.dtype);
        var denominator = (logits.shape[1] - 1) * margins + logits.sum(1);
        ThrowIfNotPositive(denominator.detach());
        var shortfall = ClassScores.StrongestRival(logits, labels) + margins - ClassScores.Own(logits, labels);
        return (shortfall / denominator).MoveToOuterDisposeScope();
    }

    private static void ThrowIfNotPositive(Tensor denominator)
    {
        var index = denominator.argmin().item<long>();
        var value = denominator[index].to(ScalarType.Float64).item<double>();
        if (value <= 0)
        {
            throw new ArgumentException(
                $"Sample {index} has the denominator {value:g6}: the normalised dual loss (8) needs (C-1)μ + Σ f > 0, " +
                "as rectified scores give: end the network in a ReLU, or use the dual loss (9).",
                nameof(denominator));
        }
    }
}

using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Losses;

/// <summary>The margin constraint of the dual problem, equation (9) with λ = 1.</summary>
/// <remarks>
/// Its gradient does not depend on μ, and with λ fixed it is unbounded below: margins grow as long as training lasts.
/// μ acts only through which constraints count as violated between rounds. <see cref="DualHingeLoss"/> feels μ.
/// </remarks>
public static class DualLoss
{
    /// <summary>Computes max over i ≠ c of f_i + μ − f_c: the shortfall of the margin, negative where it is exceeded.</summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ, a scalar or shape [N].</param>
    /// <returns>Losses, shape [N]; ≤ 0 exactly where the margin is at least μ. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        using var scope = NewDisposeScope();
        var shortfall = ClassScores.StrongestRival(logits, labels) + targetMargins.to(logits.dtype) - ClassScores.Own(logits, labels);
        return shortfall.MoveToOuterDisposeScope();
    }
}

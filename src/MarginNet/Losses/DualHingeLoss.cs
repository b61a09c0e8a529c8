using static TorchSharp.torch;

namespace MarginNet.Losses;

/// <summary>The hinge of equation (9): a constraint that is met asks for nothing more, so μ shapes the network.</summary>
public static class DualHingeLoss
{
    /// <summary>Computes max(0, max over i ≠ c of f_i + μ − f_c).</summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ, a scalar or shape [N].</param>
    /// <returns>Losses, shape [N]; 0, with zero gradient, where the margin is above μ. The caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        using var scope = NewDisposeScope();
        return DualLoss.Compute(logits, labels, targetMargins).relu().MoveToOuterDisposeScope();
    }
}

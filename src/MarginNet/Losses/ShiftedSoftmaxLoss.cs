using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Losses;

/// <summary>The shifted softmax loss, equation (7): cross-entropy in which the true class starts μ behind.</summary>
public static class ShiftedSoftmaxLoss
{
    /// <summary>
    /// Computes −log( e^{f_c} / (e^{f_c} + Σ over i ≠ c of e^{f_i + μ}) ), stably, as the cross-entropy of f − μ·onehot(c).
    /// </summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ, a scalar or shape [N].</param>
    /// <returns>
    /// Losses, shape [N]; a value ≤ ln 2 implies a margin of at least μ, and such a margin a value ≤ ln C. The caller disposes it.
    /// </returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        using var scope = NewDisposeScope();
        var trueClass = F.one_hot(labels, logits.shape[1]).to(logits.dtype);
        var shifted = logits - trueClass * targetMargins.to(logits.dtype).unsqueeze(-1);
        return F.cross_entropy(shifted, labels, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }
}

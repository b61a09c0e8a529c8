using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Losses;

/// <summary>
/// Efficient margin maximisation (EMMA; Hu, Zou, Wang, Leino and Fredrikson, 2023): the shifted softmax (7) whose shift is, of each
/// rival, the lead that the true class has over it, at least 0 and at most μ. So a margin grows from where it is, and samples that cannot
/// reach μ do not take the gradient from those that can.
/// </summary>
/// <remarks>Published with radii for margins; for scores whose differences are all as steep, as those of
/// <see cref="Models.LipNet"/> nearly are, it is the same.</remarks>
public static class EmmaLoss
{
    /// <summary>
    /// Computes −log( e^{f_c} / (e^{f_c} + Σ over i ≠ c of e^{f_i + s_i}) ) with s_i = min(max(f_c − f_i, 0), μ), which counts as constant in
    /// gradients.
    /// </summary>
    /// <param name="logits">Class scores f, shape [N, C] with C ≥ 2.</param>
    /// <param name="labels">True classes c, shape [N], int64, each in [0, C).</param>
    /// <param name="targetMargins">Prescribed margins μ ≥ 0, a scalar or shape [N].</param>
    /// <returns>
    /// Losses, shape [N]: those of (7) where the margin is at least μ, and of cross-entropy where no rival is behind. Between, the value
    /// says little, since a lead below μ does not change it; the gradient does. The caller disposes it.
    /// </returns>
    /// <exception cref="ArgumentException">A shape or type is not the one stated.</exception>
    public static Tensor Compute(Tensor logits, Tensor labels, Tensor targetMargins)
    {
        ClassScores.ThrowIfMismatched(logits, labels);
        using var scope = NewDisposeScope();
        var scores = logits.detach();
        var lead = scores.gather(1, labels.unsqueeze(1)) - scores;
        var shift = lead.clamp_min(0).minimum(targetMargins.to(logits.dtype).unsqueeze(-1)); // 0 at the true class.
        return F.cross_entropy(logits + shift, labels, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }
}

using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Losses;

/// <summary>
/// Efficient margin maximisation (EMMA; Hu, Zou, Wang, Leino and Fredrikson, 2023): the shifted softmax (7) whose shift is, of each
/// rival, the lead that the true class has over it, at least 0 and at most μ. So a margin grows from where it is, and samples that cannot
/// reach μ do not take the gradient from those that can.
/// </summary>
/// <remarks>As published it is of radii: <see cref="Training.TrainingOptions.LipschitzMargin"/>, whose constants have gradients.</remarks>
public static class EmmaLoss
{
    private const float Least = 1e-12f; // In place of no shift at all.

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
        var raised = logits + targetMargins.to(logits.dtype).unsqueeze(-1);
        return F.cross_entropy(Approach(logits, raised, labels), labels, reduction: nn.Reduction.None).MoveToOuterDisposeScope();
    }

    /// <summary>Rivals raised towards other scores, but no further than to the true class's: by a share that counts as constant.</summary>
    /// <param name="logits">Class scores f, shape [N, C].</param>
    /// <param name="raised">Scores at least as large, shape [N, C].</param>
    /// <param name="labels">True classes c, shape [N]; their own scores stay.</param>
    internal static Tensor Approach(Tensor logits, Tensor raised, Tensor labels)
    {
        using var scope = NewDisposeScope();
        var shift = raised - logits;
        var scores = logits.detach();
        var lead = (scores.gather(1, labels.unsqueeze(1)) - scores).clamp_min(0); // 0 at the true class.
        return (logits + (shift * (lead / shift.detach().clamp_min(Least)).clamp_max(1))).MoveToOuterDisposeScope();
    }
}

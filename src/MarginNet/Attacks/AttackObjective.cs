using MarginNet.Margins;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Attacks;

/// <summary>What an untargeted attack makes as large as it can.</summary>
public enum AttackObjective
{
    /// <summary>
    /// −log softmax(f)_c. In float32 its gradient is exactly zero where the labelled margin is above about 100, as margin training
    /// makes it: an attack then changes nothing, and the network only looks robust.
    /// </summary>
    CrossEntropy,

    /// <summary>max over i ≠ c of f_i − f_c, the labelled margin with its sign turned (Carlini and Wagner, 2017):
    /// it does not saturate.</summary>
    LogitDifference,
}

internal static class AttackObjectives
{
    /// <summary>The objective of every sample, shape [N]; differentiable in the logits, [N, C].</summary>
    public static Tensor Compute(this AttackObjective objective, Tensor logits, Tensor labels) => objective == AttackObjective.CrossEntropy
        ? F.cross_entropy(logits, labels, reduction: nn.Reduction.None)
        : ClassScores.StrongestRival(logits, labels) - ClassScores.Own(logits, labels);
}

using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>What an attack made of a batch; the tensors belong to the scope it was made in.</summary>
/// <param name="Images">The attacked images, shape [N, channels, height, width].</param>
/// <param name="CleanLogits">The attacked network's logits at the images themselves, shape [N, C].</param>
/// <param name="AttackedLogits">Those at the attacked ones; null where the attack did not need them.</param>
/// <param name="IsStuck">Whether the gradient at the image itself is exactly zero everywhere, shape [N], bool.</param>
internal sealed record AttackBatch(Tensor Images, Tensor CleanLogits, Tensor? AttackedLogits, Tensor IsStuck)
{
    /// <summary>Whether each gradient [N, channels, height, width] is exactly zero everywhere.</summary>
    public static Tensor AreZero(Tensor gradients) => gradients.eq(0).flatten(1).all(1);
}

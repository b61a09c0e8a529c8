using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>The fast gradient sign method (Goodfellow et al., 2015): one step up the objective, as large as ε allows.</summary>
public static class Fgsm
{
    /// <summary>Computes clip(x + ε·sign ∇ₓ CE(f(x), c), 0, 1).</summary>
    /// <param name="network">
    /// The network whose gradient is followed, the attacked one itself or a surrogate; run in evaluation mode, its own mode and
    /// the gradients of its parameters unchanged. No other thread may train it meanwhile.
    /// </param>
    /// <param name="images">Images x in [0, 1], shape [N, channels, height, width].</param>
    /// <param name="labels">True classes c, shape [N], int64.</param>
    /// <param name="epsilon">The largest change ε of a pixel, at least 0; the paper's is 0.1.</param>
    /// <returns>The attacked images, shape and range of <paramref name="images"/>; the caller disposes them.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is negative or not finite.</exception>
    /// <exception cref="InvalidDataException">A score of the network is NaN or infinite.</exception>
    public static Tensor Perturb(nn.Module<Tensor, Tensor> network, Tensor images, Tensor labels, double epsilon) =>
        Perturb(network, images, labels, new AttackOptions { Epsilon = epsilon });

    /// <summary>Computes x + ε·sign ∇ₓ J(f(x), c) in ℓ∞, or x + ε·∇ₓ J/‖∇ₓ J‖₂ in ℓ2, clipped to [0, 1] where asked for.</summary>
    /// <param name="network">See the other overload.</param>
    /// <param name="images">Images x in [0, 1], shape [N, channels, height, width].</param>
    /// <param name="labels">True classes c, shape [N], int64.</param>
    /// <param name="options">ε, the norm, the objective J and whether to clip; the rest has no effect.</param>
    /// <returns>The attacked images, of the shape of <paramref name="images"/>; the caller disposes them.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score of the network is NaN or infinite.</exception>
    public static Tensor Perturb(nn.Module<Tensor, Tensor> network, Tensor images, Tensor labels, AttackOptions options)
    {
        options.ThrowIfInvalid();
        using var scope = NewDisposeScope();
        using var attacked = new AttackedNetwork(network);
        return Run(attacked, images, labels, options).Images.MoveToOuterDisposeScope();
    }

    internal static AttackBatch Run(AttackedNetwork network, Tensor images, Tensor labels, AttackOptions options, double[]? epsilons = null)
    {
        var (logits, _, gradients) = network.Differentiate(images, labels, options.Objective);
        var ball = new AttackBall(images, options, epsilons);
        var moved = images.detach() + ball.Step(gradients, ball.Radii);
        return new(options.Clip ? moved.clamp_(0, 1) : moved, logits, null, AttackBatch.AreZero(gradients));
    }
}

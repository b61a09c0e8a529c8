using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Attacks;

/// <summary>The fast gradient sign method (Goodfellow et al., 2015): one step up the cross-entropy, as large as ε allows in ℓ∞.</summary>
public static class Fgsm
{
    /// <summary>Computes clip(x + ε·sign ∇ₓ CE(f(x), c), 0, 1).</summary>
    /// <param name="network">
    /// The network whose gradient is followed, the attacked one itself or a surrogate; run in evaluation mode, its own mode and
    /// the gradients of its parameters unchanged.
    /// </param>
    /// <param name="images">Images x in [0, 1], shape [N, channels, height, width].</param>
    /// <param name="labels">True classes c, shape [N], int64.</param>
    /// <param name="epsilon">The largest change ε of a pixel, at least 0; the paper's is 0.1.</param>
    /// <returns>The attacked images, shape and range of <paramref name="images"/>; the caller disposes them.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="epsilon"/> is negative or not finite.</exception>
    public static Tensor Perturb(nn.Module<Tensor, Tensor> network, Tensor images, Tensor labels, double epsilon)
    {
        if (!(epsilon >= 0 && double.IsFinite(epsilon)))
        {
            throw new ArgumentOutOfRangeException(nameof(epsilon), epsilon, "Expected a finite ε of at least 0.");
        }

        var wasTraining = network.training;
        network.eval();
        try
        {
            using var scope = NewDisposeScope();
            using var gradients = enable_grad();
            var input = images.detach().clone().requires_grad_();
            var loss = F.cross_entropy(network.call(input), labels, reduction: nn.Reduction.Sum);
            autograd.backward([loss], inputs: [input]); // Of the input alone: half the work, and no parameter's gradient touched.
            return (images.detach() + (epsilon * input.grad!.sign())).clamp_(0, 1).MoveToOuterDisposeScope();
        }
        finally
        {
            network.train(wasTraining);
        }
    }
}

using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>
/// A network while it is attacked: in evaluation mode and its parameters frozen, so that a backward pass costs half and touches
/// no gradient of theirs. Disposing restores both, and not the network itself.
/// </summary>
internal sealed class AttackedNetwork : IDisposable
{
    private readonly nn.Module<Tensor, Tensor> _network;
    private readonly TrustedNetwork _trusted;
    private readonly bool _wasTraining;
    private readonly Parameter[] _trainable;

    public AttackedNetwork(nn.Module<Tensor, Tensor> network)
    {
        (_network, _trusted, _wasTraining) = (network, new(network, NetworkUse.ImageGradients), network.training);
        _trainable = [.. network.parameters().Where(parameter => parameter.requires_grad)];
        network.eval();
        SetTrainable(false);
    }

    /// <summary>Computes the logits [N, C] at some images, without gradients.</summary>
    public Tensor Score(Tensor points)
    {
        using var inference = no_grad();
        return Finite(_trusted.Call(points));
    }

    /// <summary>Computes the logits [N, C], the objective [N] and its gradient in the images, of their shape.</summary>
    public (Tensor Logits, Tensor Objective, Tensor Gradient) Differentiate(Tensor points, Tensor labels, AttackObjective objective)
    {
        using var gradients = enable_grad();
        var input = points.detach().requires_grad_();
        var logits = Finite(_trusted.Call(input));
        var values = objective.Compute(logits, labels);
        // Samples do not mix in evaluation mode, so the gradient of the sum is that of each.
        autograd.backward([values.sum()], inputs: [input]);
        return (logits.detach(), values.detach(), input.grad!);
    }

    public void Dispose()
    {
        _trusted.Dispose();
        SetTrainable(true);
        _network.train(_wasTraining);
    }

    private void SetTrainable(bool value) => Array.ForEach(_trainable, parameter => parameter.requires_grad = value);

    private static Tensor Finite(Tensor logits) => logits.isfinite().all().item<bool>()
        ? logits
        : throw new InvalidDataException(
            "The attacked network gives a score that is NaN or infinite: its training diverged, or its weights are damaged.");
}

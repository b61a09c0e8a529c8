using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Lipschitz;

/// <summary>The Jacobian of the scores at each input: from it the gradients of all scores, and of all their differences.</summary>
internal static class ScoreGradients
{
    /// <summary>Computes ∇f_i(x) for every class in evaluation mode: one backward pass for each class and batch.</summary>
    /// <param name="network">The network; its mode is restored, and the gradients of its parameters are not touched.</param>
    /// <param name="inputs">Inputs x, shape [N, …], of the network's type, on its device.</param>
    /// <returns>The gradients, shape [N, C, D] with D the numbers in one input; the caller disposes them.</returns>
    public static Tensor Compute(nn.Module<Tensor, Tensor> network, Tensor inputs)
    {
        var wasTraining = network.training;
        network.eval();
        try
        {
            using var scope = NewDisposeScope();
            using var gradients = enable_grad();
            using var trusted = new TrustedNetwork(network, NetworkUse.ImageGradients);
            var x = inputs.detach().clone().requires_grad_();
            var scores = trusted.Call(x).sum([0]); // No sample acts on another in evaluation mode, so one sum parts into their gradients.
            var rows = new List<Tensor>();
            for (var c = 0; c < scores.shape[0]; c++)
            {
                x.grad?.zero_();
                autograd.backward([scores[c]], retain_graph: c + 1 < scores.shape[0], inputs: [x]);
                rows.Add(x.grad!.detach().flatten(1).clone());
            }

            return stack(rows, 1).MoveToOuterDisposeScope();
        }
        finally
        {
            network.train(wasTraining);
        }
    }
}

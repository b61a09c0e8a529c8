using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// Weights for training by bounds (Shi et al., 2021): normal with mean 0 and deviation √(2π)/n, n being the numbers that each output is a
/// sum of, so that boxes are neither wider nor narrower behind a layer and its ReLU than before; by custom they explode. Biases start at 0.
/// </summary>
public static class IntervalInitialization
{
    /// <summary>Draws the weights of every convolution and linear layer anew, from torch's global generator.</summary>
    /// <param name="network">The network.</param>
    public static void Apply(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var module in network.modules())
        {
            var (weight, bias) = module switch
            {
                Convolution convolution => (convolution.weight, convolution.bias),
                Linear linear => (linear.weight, linear.bias),
                _ => (null, null),
            };
            if (weight is not null)
            {
                weight.normal_(0, Math.Sqrt(2 * Math.PI) / (weight.numel() / weight.shape[0]));
            }

            bias?.zero_();
        }
    }
}

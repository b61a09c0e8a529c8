using static TorchSharp.torch;

namespace MarginNet.EndToEnd;

/// <summary>Batch-norm of evaluation, a scale and a shift of each channel,
/// moved into the weights and a bias of the convolution in front of it.</summary>
internal static class BatchNormFolding
{
    private const double Epsilon = 1e-5; // Of all batch-norms here, PyTorch's default.

    /// <summary>Makes a network without batch-norm that gives the same scores in evaluation mode.</summary>
    public static PlainResNet18 Fold(PlainResNet18 network, Problem problem)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var folded = new PlainResNet18(problem.Width, problem.Network.ClassCount, batchNorm: false);
        var (from, to) = (network.state_dict(), folded.state_dict());
        foreach (var (name, weight) in to.Where(entry => entry.Key.EndsWith(".weight", StringComparison.Ordinal)))
        {
            var layer = name[..^"weight".Length];
            if (weight.dim() != 4)
            {
                _ = weight.copy_(from[name]);
                _ = to[$"{layer}bias"].copy_(from[$"{layer}bias"]);
                continue;
            }

            var norm = layer.Replace("conv", "bn", StringComparison.Ordinal)
                .Replace("downsample.0", "downsample.1", StringComparison.Ordinal);
            var factor = from[$"{norm}weight"] / (from[$"{norm}running_var"] + Epsilon).sqrt();
            _ = weight.copy_(from[name] * factor.reshape(-1, 1, 1, 1));
            _ = to[$"{layer}bias"].copy_(from[$"{norm}bias"] - (from[$"{norm}running_mean"] * factor));
        }

        return folded;
    }
}

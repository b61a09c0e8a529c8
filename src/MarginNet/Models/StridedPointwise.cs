using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>
/// The 1×1 convolution with a stride and few channels, whose gradient oneDNN writes past the end of its memory (its issue 6035,
/// open in 2026): the process dies or hangs, or the gradient is wrong. It must not be run to be found.
/// </summary>
internal static class StridedPointwise
{
    private const int SafeChannels = 16; // The floats of one SIMD register with AVX-512, the most there are.

    /// <summary>The name of the first layer of a network that is one, or whose weights may be those of one;
    /// null where there is none.</summary>
    public static string? Find(nn.Module network)
    {
        var harmless = network.modules()
            .OfType<Conv2d>()
            .Where(convolution => !IsOne(convolution))
            .Select(convolution => convolution.weight!.Handle)
            .ToHashSet();
        // Both compute it as a product of matrices.
        var known = network.modules().OfType<PointwiseConvolution>().Select(convolution => convolution.Weight)
            .Concat(network.modules().Prepend(network).OfType<GraphNetwork>().SelectMany(graph => graph.parameters()))
            .Select(weight => weight.Handle)
            .ToHashSet();
        return network.named_parameters()
            .Where(entry => entry.parameter is { shape: [_, < SafeChannels, 1, 1], requires_grad: true }
                && !harmless.Contains(entry.parameter.Handle) && !known.Contains(entry.parameter.Handle))
            .Select(entry => entry.name)
            .FirstOrDefault();
    }

    private static bool IsOne(Conv2d convolution) =>
        convolution.weight!.shape is [_, < SafeChannels, 1, 1] && convolution.stride!.Any(step => step > 1);
}

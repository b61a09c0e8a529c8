using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Native;

/// <summary>Finds the layer at which a network's computation goes wrong, by computing each of its convolutions alone.</summary>
internal static class WrongLayer
{
    private const int Images = 16;

    private static readonly int[] Sizes = [2, 3, 4, 8, 16, 32];

    /// <summary>The name of the first convolution whose output, on images of some size in either order, differs from float64;
    /// null where none does.</summary>
    public static string? Find(nn.Module network)
    {
        using var inference = no_grad();
        return network.named_modules()
            .Where(entry => entry.module is Conv2d convolution && Sizes.Any(size => IsWrong(convolution, size)))
            .Select(entry => entry.name)
            .FirstOrDefault();
    }

    private static bool IsWrong(Conv2d convolution, int size)
    {
        if (convolution is not { padding_mode: PaddingModes.Zeros, padding_type: null }
            || Array.Exists([.. convolution.weight!.shape[2..]], side => side > size))
        {
            return false;
        }

        using var scope = NewDisposeScope();
        using var generator = new Generator(0);
        var input = randn([Images, convolution.in_channels, size, size], generator: generator).to(convolution.weight!.dtype);
        var exact = F.conv2d(
            input.to(ScalarType.Float64), convolution.weight.to(ScalarType.Float64), convolution.bias?.to(ScalarType.Float64),
            convolution.stride, convolution.padding, convolution.dilation, convolution.groups);
        return ConvolutionCase.Difference(exact, convolution.call(input)) > KernelFinding.Tolerance
            || ConvolutionCase.Difference(exact, convolution.call(MemoryOrder.ChannelsLast(input))) > KernelFinding.Tolerance;
    }
}

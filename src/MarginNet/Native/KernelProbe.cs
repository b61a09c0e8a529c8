using System.Collections.Immutable;
using static TorchSharp.torch;

namespace MarginNet.Native;

/// <summary>Convolutions of the kinds that were seen to be wrong on some processor,
/// small enough to be computed in a tenth of a second.</summary>
internal static class KernelProbe
{
    /// <summary>
    /// oneDNN 3.7 gets all but the last wrong with AVX-512, and the first two with AVX2,
    /// on processors that do not say how large their caches are; the last is what own networks are made of. The strided 1×1 convolution of
    /// few channels, whose backward pass writes outside its memory everywhere, is not tried: see <see cref="Models.StridedPointwise"/>.
    /// </summary>
    public static ImmutableArray<ConvolutionCase> Cases { get; } =
    [
        new("convolution", 4, (20, 16), 3, 8),
        new("transposed convolution", 4, (20, 24), 5, 8) { IsTransposed = true },
        new("1x1 convolution, channels last", 4, (256, 512), 1, 8) { IsChannelsLast = true, Stride = 2 },
        new("grouped convolution, channels last", 4, (3, 18), 3, 8) { IsChannelsLast = true, Groups = 3 },
        new("convolution, channels last", 4, (40, 74), 3, 8) { IsChannelsLast = true },
    ];

    /// <summary>Compares each case with float64, with oneDNN and without.</summary>
    /// <param name="convolve">Convolves an input with a kernel; null for LibTorch as it is.</param>
    public static KernelReport Run(Func<ConvolutionCase, Tensor, Tensor, Tensor>? convolve = null)
    {
        double[] errors = [.. Cases.Select(it => it.Error(convolve))];
        using var off = OneDnn.Off();
        return new([.. Cases.Zip(errors, (it, error) => new KernelFinding(it.Kind, error, it.Error(convolve)))], IsRemembered: false);
    }
}

using System.Globalization;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.EndToEnd;

/// <summary>LibTorch's own convolutions of random shapes against float64:
/// how often this processor's kernels are wrong where nothing of MarginNet guards them.</summary>
internal static class RandomConvolutions
{
    private const double Tolerance = 1e-4; // Of the largest number.
    private const int Seed = 5;

    private static readonly int[] Batches = [1, 2, 4, 16, 33];

    /// <summary>Prints how many of a number of convolutions are wrong, in each order of memory, and of which kinds those are.</summary>
    public static void Measure(int count)
    {
        foreach (var isChannelsLast in new[] { false, true })
        {
            var random = new Random(Seed);
            manual_seed(Seed);
            var wrong = Enumerable.Range(0, count).Select(_ => Kind(random, isChannelsLast)).OfType<string>().ToArray();
            var kinds = string.Join(", ", wrong.CountBy(kind => kind)
                .OrderByDescending(entry => entry.Value)
                .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Key} {entry.Value}")));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(isChannelsLast ? "channels last" : "contiguous")}: "
                + $"{wrong.Length} of {count} wrong{(wrong.Length == 0 ? "" : $": {kinds}")}"));
        }
    }

    /// <summary>Computes one convolution.</summary>
    /// <returns>Its kind where it is wrong, else null.</returns>
    private static string? Kind(Random random, bool isChannelsLast)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var groups = random.Next(4) == 0 ? random.Next(1, 5) : 1;
        var (inputs, outputs) = (groups * random.Next(1, 1 + (Most() / groups)), groups * random.Next(1, 1 + (Most() / groups)));
        var (kernel, stride) = (random.Next(1, 6), random.Next(1, 3));
        var (size, images, padding) = (random.Next(4) == 0
            ? random.Next(kernel, kernel + 3)
            : random.Next(kernel, 33), Batches[random.Next(Batches.Length)], random.Next(0, (kernel / 2) + 1));
        var (x, w) = (randn(images, inputs, size, size), randn(outputs, inputs / groups, kernel, kernel));
        var found = Convolve(isChannelsLast ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : x, w).to(ScalarType.Float64);
        var exact = Convolve(x.to(ScalarType.Float64), w.to(ScalarType.Float64));
        return (found - exact).abs().max().item<double>() <= Tolerance * exact.abs().max().item<double>()
            ? null
            : $"{kernel}x{kernel}{(groups > 1 ? " grouped" : "")}";

        int Most() => random.Next(2) == 0 ? 40 : 260;

        Tensor Convolve(Tensor input, Tensor weight) =>
            F.conv2d(input, weight, strides: [stride, stride], padding: [padding, padding], groups: groups);
    }
}

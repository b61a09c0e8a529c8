using System.Collections.Immutable;
using MarginNet.Arrays;
using MarginNet.Attacks;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Backdoors;

/// <summary>
/// The test for a backdoor by maximum margins, MM-BD (Wang, Xiang, Miller and Kesidis, 2024), which needs no data: of each class the
/// largest margin r_c = max over x in [0, 1]^d of f_c(x) − max over j ≠ c of f_j(x), and whether the largest of these is an outlier.
/// A backdoor makes the margin of its target class large, whatever its trigger is.
/// </summary>
/// <param name="Margins">r_c, the largest margin met of each class, shape [K]; a lower bound of the true maximum.</param>
/// <param name="Patterns">The image of each, in [0, 1], shape [K, channels, height, width].</param>
/// <param name="Outlier">Whether the largest is too large.</param>
public sealed record MaximumMarginTest(ImmutableArray<double> Margins, ImageArray Patterns, GammaOutlierTest Outlier)
{
    /// <summary>The class of the largest margin, the target of the backdoor if there is one.</summary>
    public int Suspect => Margins.IndexOf(Margins.Max());

    /// <summary>Looks for the largest margin of every class, and tests the largest of them.</summary>
    /// <param name="network">
    /// A classifier of images [N, channels, height, width] in [0, 1] that returns logits [N, K]; run in evaluation mode and float32,
    /// its own mode and the gradients of its parameters unchanged. No other thread may train it meanwhile.
    /// </param>
    /// <param name="channels">Channels of its images, at least 1.</param>
    /// <param name="height">Their height in pixels, at least 1.</param>
    /// <param name="width">Their width in pixels, at least 1.</param>
    /// <param name="options">The ascent; null for the defaults.</param>
    /// <param name="progress">Told the number of classes done, after each.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size or option is out of range.</exception>
    /// <exception cref="ArgumentException">The network has fewer than two scores.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static MaximumMarginTest Run(
        nn.Module<Tensor, Tensor> network, int channels, int height, int width, MaximumMarginOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        long[] shape = [channels, height, width];
        var device = network.Device();
        using var attacked = new AttackedNetwork(network, Precision.Float32);
        var margins = new double[ClassCount(attacked, shape, device)];
        var patterns = new List<float>(margins.Length * channels * height * width);
        for (var c = 0; c < margins.Length; c++)
        {
            (margins[c], var image) = MarginAscent.Run(attacked, c, shape, device, options, cancellation);
            patterns.AddRange(image);
            progress?.Report(c + 1);
        }

        return new([.. margins], new([.. patterns], channels, height, width), GammaOutlierTest.Compute(margins, options.Seed));
    }

    private static int ClassCount(AttackedNetwork network, long[] shape, Device device)
    {
        using var scope = NewDisposeScope();
        var scores = network.Score(zeros([1, .. shape], device: device)).shape;
        return scores is [1, >= 2 and var classes]
            ? (int)classes
            : throw new ArgumentException(
                $"Expected a network with at least 2 scores, but it gives [{string.Join(", ", scores)}].", nameof(network));
    }
}

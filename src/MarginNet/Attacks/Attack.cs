using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Margins;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Attacks;

/// <summary>Attacks whole sets of images, every image whether it is classified rightly or not.</summary>
public static class Attack
{
    /// <summary>
    /// Attacks every image of a set, batch by batch, in a memory that does not grow. FGSM takes a forward pass, a backward pass
    /// and the forward pass that scores its result; PGD S + 1 forward and S backward passes for each start of S steps.
    /// </summary>
    /// <param name="network">
    /// A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C]; run in evaluation mode, its own
    /// mode and the gradients of its parameters unchanged. No other thread may train it meanwhile.
    /// </param>
    /// <param name="images">At least one image, each with its label, of the size the network takes.</param>
    /// <param name="options">The attack; null, the default, is the paper's FGSM.</param>
    /// <param name="progress">Told the number of images attacked so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches, and between the steps of PGD.</param>
    /// <returns>The attacked images and the network's scores, the same up to float32's rounding whatever the batch size and whatever
    /// other images are attacked: a random start depends on the seed and the image's <see cref="ImageSet.Numbers">number</see>.</returns>
    /// <exception cref="ArgumentException">There is no image, or one without a label.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static AttackResult Run(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        AttackOptions? options = null,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default) => Run(network, images, options ?? new(), null, progress, cancellation);

    /// <summary>Attacks a network as it is computed in float32, whatever its precision, as certificates need it.</summary>
    internal static AttackResult RunExactly(
        nn.Module<Tensor, Tensor> network, ImageSet images, AttackOptions options, CancellationToken cancellation) =>
        Run(network, images, options, null, null, cancellation, Precision.Float32);

    /// <summary>Attacks every image of a set within a ball of its own, such as one that a certificate is for.</summary>
    /// <param name="network">See <see cref="Run(nn.Module{Tensor, Tensor}, ImageSet, AttackOptions?, IProgress{int}?, CancellationToken)"/>.</param>
    /// <param name="images">At least one image, each with its label, of the size the network takes.</param>
    /// <param name="epsilons">The radius of each ball, finite and at least 0, length N; 0 leaves an image as it is.</param>
    /// <param name="options">The attack; null, the default, is the paper's FGSM. Its ε has no effect.</param>
    /// <param name="progress">Told the number of images attacked so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches, and between the steps of PGD.</param>
    /// <returns>The attacked images and the network's scores.</returns>
    /// <exception cref="ArgumentException">There is no image, or one without a label, or not one ε for each.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static AttackResult RunWithin(
        nn.Module<Tensor, Tensor> network,
        ImageSet images,
        ReadOnlySpan<double> epsilons,
        AttackOptions? options = null,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default) => RunWithin(network, images, epsilons, options, progress, precision: null, cancellation);

    /// <summary>Attacks a network in a precision; null for its own.</summary>
    internal static AttackResult RunWithin(
        nn.Module<Tensor, Tensor> network, ImageSet images, ReadOnlySpan<double> epsilons, AttackOptions? options, IProgress<int>? progress,
        Precision? precision, CancellationToken cancellation)
    {
        var own = epsilons.ToArray();
        return own.Length == images.Count && Array.TrueForAll(own, epsilon => epsilon >= 0 && double.IsFinite(epsilon))
            ? Run(network, images, options ?? new(), own, progress, cancellation, precision)
            : throw new ArgumentException($"Expected {images.Count} finite numbers of at least 0, one ε for each image, "
                + $"but got {own.Length}, the least {own.DefaultIfEmpty().Min()}, "
                + $"the largest {own.DefaultIfEmpty().Max()}.", nameof(epsilons));
    }

    private static AttackResult Run(
        nn.Module<Tensor, Tensor> network, ImageSet images, AttackOptions options, double[]? epsilons, IProgress<int>? progress,
        CancellationToken cancellation, Precision? precision = null)
    {
        options.ThrowIfInvalid();
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        if (images.Labels.IndexOf(ImageSet.UnknownLabel) is >= 0 and var unknown)
        {
            throw new ArgumentException($"Image {unknown} has no label: an attack leads away from the true class.", nameof(images));
        }

        var device = network.Device();
        using var attacked = new AttackedNetwork(network, precision);
        var pixels = new float[(long)images.Count * images.Channels * images.Height * images.Width];
        var (clean, after, stuck) = (Array.Empty<float>(), Array.Empty<float>(), 0);
        for (var start = 0; start < images.Count; start += options.BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            int[] indices = [.. Enumerable.Range(start, Math.Min(options.BatchSize, images.Count - start))];
            var (input, labels) = (images.ToTensor(indices, device), images.LabelTensor(indices, device));
            var (own, numbers) = (epsilons?[start..(start + indices.Length)], images.Numbers.Slice(start, indices.Length).ToArray());
            var batch = options.Method == AttackMethod.Fgsm
                ? Fgsm.Run(attacked, input, labels, options, own)
                : Pgd.Run(attacked, input, labels, options, numbers, cancellation, own);
            var classes = (int)batch.CleanLogits.shape[1];
            if (start == 0)
            {
                (clean, after) = (new float[images.Count * classes], new float[images.Count * classes]);
            }

            Copy(batch.Images, pixels.AsSpan(start * (pixels.Length / images.Count)));
            Copy(batch.CleanLogits, clean.AsSpan(start * classes));
            Copy(batch.AttackedLogits ?? attacked.Score(batch.Images), after.AsSpan(start * classes));
            stuck += (int)batch.IsStuck.sum().item<long>();
            progress?.Report(start + indices.Length);
        }

        var classCount = clean.Length / images.Count;
        return new(
            new ImageArray(pixels, images.Channels, images.Height, images.Width), new ScoreMatrix(clean, classCount),
            new ScoreMatrix(after, classCount), stuck);
    }

    private static void Copy(Tensor values, Span<float> target) =>
        values.cpu().to(ScalarType.Float32).contiguous().data<float>().CopyTo(target);
}

using MarginNet.Data;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>Class scores of a whole image set.</summary>
public static class Scoring
{
    /// <summary>Images in one pass by default: large enough for speed, small enough for any machine.</summary>
    public const int DefaultBatchSize = 128;

    private const int PartBytes = 1 << 25; // Of images that go to the device at once, and whose scores come back at once.

    /// <summary>Computes the scores of every image, in evaluation mode and without gradients; the network's mode is restored.</summary>
    /// <param name="network">A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C].</param>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="batchSize">Images in one pass. Default <see cref="DefaultBatchSize"/>.</param>
    /// <param name="progress">Told the number of images scored so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>The scores, row i for image i.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite, or the images have other channels than the network's.</exception>
    /// <exception cref="PlatformNotSupportedException">This processor's convolutions are wrong;
    /// see <see cref="NativeKernels"/>.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ScoreMatrix Score(
        this nn.Module<Tensor, Tensor> network,
        ImageSet images,
        int batchSize = DefaultBatchSize,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default) =>
        Score(network, images, static (pixels, _) => pixels, batchSize, progress, cancellation);

    /// <summary>Computes the scores of every image itself in a precision, whatever the network's own.</summary>
    internal static ScoreMatrix Score(
        this nn.Module<Tensor, Tensor> network, ImageSet images, Precision precision, CancellationToken cancellation) =>
        Score(network, images, static (pixels, _) => pixels, DefaultBatchSize, null, precision, TestTimeAveraging.None, cancellation);

    /// <summary>Computes the scores of every image after a transformation, such as an attack.</summary>
    /// <param name="network">A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C].</param>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="transform">Makes of pixels [N, channels, height, width] and labels [N] (int64) the pixels to score.</param>
    /// <param name="batchSize">Images in one pass. Default <see cref="DefaultBatchSize"/>.</param>
    /// <param name="progress">Told the number of images scored so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>The scores, row i for image i.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite, or the images have other channels than the network's.</exception>
    /// <exception cref="PlatformNotSupportedException">This processor's convolutions are wrong;
    /// see <see cref="NativeKernels"/>.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ScoreMatrix Score(
        this nn.Module<Tensor, Tensor> network,
        ImageSet images,
        Func<Tensor, Tensor, Tensor> transform,
        int batchSize = DefaultBatchSize,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default) =>
        Score(network, images, transform, batchSize, progress, network.ScoringPrecision(),
            (network as Classifier)?.Averaging ?? TestTimeAveraging.None, cancellation);

    /// <summary>The precision that a network was given.</summary>
    internal static Precision ScoringPrecision(this nn.Module network) => (network as Classifier)?.Precision ?? Precision.Float32;

    private static ScoreMatrix Score(
        nn.Module<Tensor, Tensor> network, ImageSet images, Func<Tensor, Tensor, Tensor> transform, int batchSize, IProgress<int>? progress,
        Precision precision, TestTimeAveraging averaging, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        var device = network.Device();
        var wasTraining = network.training;
        if (wasTraining)
        {
            network.eval(); // Else left alone: other threads may be scoring on it.
        }

        try
        {
            using var inference = no_grad();
            using var trusted = new TrustedNetwork(network, NetworkUse.Scores, precision);
            float[]? values = null;
            var classes = 0;
            var partSize = Math.Max(1, PartBytes / (images.Channels * images.Height * images.Width) / batchSize) * batchSize;
            for (var first = 0; first < images.Count; first += partSize)
            {
                using var part = NewDisposeScope();
                int[] indices = [.. Enumerable.Range(first, Math.Min(partSize, images.Count - first))];
                var (bytes, labels) = (images.ToByteTensor(indices).to(device), images.LabelTensor(indices, device));
                var scores = new List<Tensor>();
                for (var start = 0; start < indices.Length; start += batchSize)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var count = Math.Min(batchSize, indices.Length - start);
                    using var scope = NewDisposeScope();
                    var pixels = transform(bytes.narrow(0, start, count).to(ScalarType.Float32).div_(255f), labels.narrow(0, start, count));
                    ThrowIfOtherChannels(network, pixels);
                    scores.Add(averaging.Average(trusted.Call, pixels).MoveToOuterDisposeScope());
                    progress?.Report(first + start + count);
                }

                classes = (int)scores[0].shape[1];
                values ??= new float[images.Count * classes];
                cat(scores).cpu().to(ScalarType.Float32).contiguous().data<float>().CopyTo(values.AsSpan(first * classes));
            }

            ThrowIfNotFinite(values, classes);
            return new ScoreMatrix(values!, classes);
        }
        finally
        {
            if (wasTraining)
            {
                network.train();
            }
        }
    }

    /// <summary>Requires the channels that the network was made for: the normalisation would stretch one to several.</summary>
    private static void ThrowIfOtherChannels(nn.Module<Tensor, Tensor> network, Tensor pixels)
    {
        if (network is Classifier { Options.Normalization.Mean.Length: var channels } && pixels.dim() == 4 && pixels.shape[1] != channels)
        {
            throw new InvalidDataException($"The images have {pixels.shape[1]} channels, but the network takes {channels}: give images " +
                $"as those that it was trained on.");
        }
    }

    private static void ThrowIfNotFinite(ReadOnlySpan<float> scores, int classes)
    {
        for (var i = 0; i < scores.Length; i++)
        {
            if (!float.IsFinite(scores[i]))
            {
                throw new InvalidDataException(
                    $"The network gives image {i / classes} the score {scores[i]}: its training diverged, or its weights are damaged.");
            }
        }
    }

    /// <summary>The device that a network's first parameter or else buffer lives on; the CPU for a network without any.</summary>
    internal static Device Device(this nn.Module network) =>
        (network.parameters().FirstOrDefault() ?? network.buffers().FirstOrDefault())?.device ?? CPU;
}

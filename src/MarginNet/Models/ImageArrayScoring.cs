using MarginNet.Arrays;
using MarginNet.Data;
using MarginNet.Margins;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>Class scores of images that are numbers instead of bytes.</summary>
public static class ImageArrayScoring
{
    /// <summary>Computes the scores of every image, in evaluation mode and without gradients; the network's mode is restored.</summary>
    /// <param name="images">At least one image, of the size the network takes.</param>
    /// <param name="network">A classifier of images [N, channels, height, width] in [0, 1] that returns scores [N, C].</param>
    /// <param name="batchSize">Images in one pass. Default <see cref="Scoring.DefaultBatchSize"/>.</param>
    /// <param name="progress">Told the number of images scored so far, after each batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>The scores, row i for image i.</returns>
    /// <exception cref="ArgumentException">There is no image.</exception>
    /// <exception cref="InvalidDataException">A score is NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">Asked to stop.</exception>
    public static ScoreMatrix Score(
        this ImageArray images, nn.Module<Tensor, Tensor> network, int batchSize = Scoring.DefaultBatchSize,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        using var pixels = images.ToTensor();
        // Stands for the images in the batches; its labels are their numbers.
        var numbers = ImageSet.Create(new byte[images.Count], [.. Enumerable.Range(0, images.Count)], 1, 1, 1);
        return network.Score(
            numbers, (_, batch) => pixels.index_select(0, batch.cpu()).to(batch.device), batchSize, progress, cancellation);
    }
}

using MarginNet.Models;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Training;

/// <summary>Progressive resizing (Howard, 2018): training images are small at first, where an epoch is cheap and shows the coarse shapes, and grow to
/// their size in steps of a few pixels.</summary>
internal static class ProgressiveResizing
{
    private const int StepPixels = 4;
    private const double GrowingShare = 0.8; // of a round; batch-norms and weights settle on images of full size after it

    /// <summary>The height and width of images at a point of a round.</summary>
    /// <param name="initial">The lesser of both at first, and the greater in proportion; images no larger than that keep their size.</param>
    /// <param name="height">The images' own height.</param>
    /// <param name="width">The images' own width.</param>
    /// <param name="progress">The share of the round that is done, in [0, 1).</param>
    public static (int Height, int Width) Size(int initial, int height, int width, double progress)
    {
        var full = Math.Min(height, width);
        var steps = (full - initial + StepPixels - 1) / StepPixels;
        var side = initial + (StepPixels * (int)(progress / GrowingShare * steps));
        return side >= full ? (height, width) : (Scaled(height), Scaled(width));

        int Scaled(int length) => (int)Math.Round((double)length * side / full);
    }

    /// <exception cref="ArgumentException">The network takes images of one size only.</exception>
    public static void ThrowIfImpossible(nn.Module<Tensor, Tensor> network)
    {
        if (network is Classifier { HasFixedImageSize: true })
        {
            throw new ArgumentException(
                $"{network.GetName()} takes images of one size only: leave {nameof(TrainingOptions.InitialSize)} out.", nameof(network));
        }
    }

    /// <summary>Shrinks images by linear interpolation.</summary>
    /// <param name="images">Shape [N, C, H, W], floating point; returned as they are where they have the size.</param>
    /// <param name="size">Height and width.</param>
    public static Tensor Shrink(Tensor images, (int Height, int Width) size) => (images.shape[2], images.shape[3]) == size
        ? images
        : F.interpolate(images, [size.Height, size.Width], mode: InterpolationMode.Bilinear, align_corners: false);
}

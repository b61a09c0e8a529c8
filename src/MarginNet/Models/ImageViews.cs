using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>Scores averaged over views of an image.</summary>
internal static class ImageViews
{
    /// <summary>Runs a network on the views, and averages what it says.</summary>
    /// <param name="averaging">Which views.</param>
    /// <param name="network">From images [N, channels, H, W] to scores [N, C].</param>
    /// <param name="images">The images.</param>
    /// <returns>Scores, shape [N, C]; the caller disposes them.</returns>
    public static Tensor Average(this TestTimeAveraging averaging, Func<Tensor, Tensor> network, Tensor images)
    {
        if (averaging == TestTimeAveraging.None)
        {
            return network(images);
        }

        using var scope = NewDisposeScope();
        Tensor Flipped(Tensor view) => (network(view) + network(view.flip(-1))) / 2;

        var scores = Flipped(images);
        if (averaging == TestTimeAveraging.FlipShift)
        {
            var (height, width) = (images.shape[2], images.shape[3]);
            var wide = nn.functional.pad(images, [1, 1, 1, 1], PaddingModes.Reflect);
            Tensor Moved(long by) => wide.narrow(2, by, height).narrow(3, by, width);

            scores = (scores + ((Flipped(Moved(0)) + Flipped(Moved(2))) / 2)) / 2;
        }

        return scores.MoveToOuterDisposeScope();
    }
}

using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Data;

/// <summary>Random transformations of training images that leave their classes unchanged.</summary>
public static class Augmentation
{
    /// <summary>
    /// Pads each image on all sides, cuts a window of the original size out of it at a random place, and mirrors it left to right with
    /// probability 1/2; all windows are equally likely, and each image has its own.
    /// </summary>
    /// <param name="images">Shape [N, C, H, W], any type, on any device; bytes are the fastest.</param>
    /// <param name="generator">The source of randomness, on the CPU: the same state gives the same windows on every device.</param>
    /// <param name="padding">The largest shift p in pixels, less than H and W; default 4; 0 cuts nothing.</param>
    /// <param name="flip">Whether to mirror; default true.</param>
    /// <param name="fill">What is outside the image: its mirror image, the default, or <see cref="PaddingModes.Zeros"/>, black.</param>
    /// <returns>The windows, shape [N, C, H, W], same type and device, in channels-last memory order; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape, type or option is not as stated.</exception>
    public static Tensor RandomCropFlip(
        Tensor images, Generator generator, int padding = 4, bool flip = true, PaddingModes fill = PaddingModes.Reflect)
    {
        Check(images, padding, fill);
        using var scope = NewDisposeScope();
        return CropFlip(images, CropFlipWindows.Draw(images.shape[0], generator, padding, flip), padding, fill).MoveToOuterDisposeScope();
    }

    /// <summary>The same by windows that were drawn before, one for each image.</summary>
    internal static Tensor CropFlip(Tensor images, CropFlipWindows windows, int padding, PaddingModes fill = PaddingModes.Reflect)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (images.shape[2], images.shape[3]);
        var columns = windows.Left + arange(width);
        if (windows.Mirrored is { } mirrored)
        {
            columns = where(mirrored, columns.flip(1), columns);
        }

        var rows = windows.Top + arange(height);
        if (fill == PaddingModes.Zeros)
        {
            images = F.pad(images, [padding, padding, padding, padding], PaddingModes.Constant);
        }
        else
        {
            (rows, columns) = (Reflect(rows - padding, height), Reflect(columns - padding, width));
        }

        return Gather(images, rows.to(images.device), columns.to(images.device)).MoveToOuterDisposeScope();
    }

    /// <summary>Turns places outside 0 … size − 1 back at the edges, which are not repeated.</summary>
    private static Tensor Reflect(Tensor places, long size) => (size - 1) - ((size - 1) - places.abs()).abs();

    /// <summary>Picks out[n, c, y, x] = images[n, c, rows[n, y], columns[n, x]], all channels of a pixel side by side.</summary>
    private static Tensor Gather(Tensor images, Tensor rows, Tensor columns)
    {
        var (count, channels) = (images.shape[0], images.shape[1]);
        var picked = images.index(
            TensorIndex.Tensor(arange(count, device: images.device).view(-1, 1, 1, 1)),
            TensorIndex.Tensor(arange(channels, device: images.device)),
            TensorIndex.Tensor(rows.unsqueeze(-1).unsqueeze(-1)),
            TensorIndex.Tensor(columns.unsqueeze(1).unsqueeze(-1)));
        return picked.permute(0, 3, 1, 2);
    }

    private static void Check(Tensor images, int padding, PaddingModes fill)
    {
        if (images.dim() != 4)
        {
            throw new ArgumentException(
                $"Expected images of shape [N, C, H, W], but got [{string.Join(", ", images.shape)}].", nameof(images));
        }

        if (padding < 0 || padding >= Math.Min(images.shape[2], images.shape[3]))
        {
            throw new ArgumentOutOfRangeException(
                nameof(padding),
                padding,
                $"Expected 0 to {Math.Min(images.shape[2], images.shape[3]) - 1}, less than the image's height and width.");
        }

        if (fill is not (PaddingModes.Reflect or PaddingModes.Zeros))
        {
            throw new ArgumentOutOfRangeException(nameof(fill), fill, "Expected Reflect or Zeros.");
        }
    }
}

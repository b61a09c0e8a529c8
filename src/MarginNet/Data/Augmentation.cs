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
    /// <param name="images">Shape [N, C, H, W], a floating-point type, on any device.</param>
    /// <param name="generator">The source of randomness, on the CPU: the same state gives the same windows on every device.</param>
    /// <param name="padding">The largest shift p in pixels, less than H and W; default 4; 0 cuts nothing.</param>
    /// <param name="flip">Whether to mirror; default true.</param>
    /// <param name="fill">What is outside the image: its mirror image, the default, or <see cref="PaddingModes.Zeros"/>, black.</param>
    /// <returns>The windows, shape [N, C, H, W], same type and device; the caller disposes it.</returns>
    /// <exception cref="ArgumentException">A shape, type or option is not as stated.</exception>
    public static Tensor RandomCropFlip(
        Tensor images, Generator generator, int padding = 4, bool flip = true, PaddingModes fill = PaddingModes.Reflect)
    {
        Check(images, padding, fill);
        using var scope = NewDisposeScope();
        var (count, height, width) = (images.shape[0], images.shape[2], images.shape[3]);
        var top = randint(0, (2 * padding) + 1, [count, 1], dtype: ScalarType.Int64, generator: generator);
        var left = randint(0, (2 * padding) + 1, [count, 1], dtype: ScalarType.Int64, generator: generator);
        var rows = top + arange(height);
        var columns = left + arange(width);
        if (flip)
        {
            var mirrored = randint(0, 2, [count, 1], dtype: ScalarType.Int64, generator: generator).to(ScalarType.Bool);
            columns = where(mirrored, columns.flip(1), columns);
        }

        var padded = padding == 0 ? images : F.pad(images, [padding, padding, padding, padding], fill == PaddingModes.Zeros ? PaddingModes.Constant : fill);
        return Gather(padded, rows.to(images.device), columns.to(images.device)).MoveToOuterDisposeScope();
    }

    /// <summary>Picks out[n, c, y, x] = padded[n, c, rows[n, y], columns[n, x]].</summary>
    private static Tensor Gather(Tensor padded, Tensor rows, Tensor columns)
    {
        var (count, channels, height, width) = (padded.shape[0], padded.shape[1], rows.shape[1], columns.shape[1]);
        var lines = padded.gather(2, rows.view(count, 1, height, 1).expand(count, channels, height, padded.shape[3]));
        return lines.gather(3, columns.view(count, 1, 1, width).expand(count, channels, height, width));
    }

    private static void Check(Tensor images, int padding, PaddingModes fill)
    {
        if (images.dim() != 4 || !images.is_floating_point())
        {
            throw new ArgumentException($"Expected floating-point images of shape [N, C, H, W], but got {images.dtype} [{string.Join(", ", images.shape)}].", nameof(images));
        }

        if (padding < 0 || padding >= Math.Min(images.shape[2], images.shape[3]))
        {
            throw new ArgumentOutOfRangeException(nameof(padding), padding, $"Expected 0 to {Math.Min(images.shape[2], images.shape[3]) - 1}, less than the image's height and width.");
        }

        if (fill is not (PaddingModes.Reflect or PaddingModes.Zeros))
        {
            throw new ArgumentOutOfRangeException(nameof(fill), fill, "Expected Reflect or Zeros.");
        }
    }
}

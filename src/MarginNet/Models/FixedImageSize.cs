using static TorchSharp.torch;

namespace MarginNet.Models;

/// <summary>Checks of a network whose images have one size, height and width multiples of a factor.</summary>
internal static class FixedImageSize
{
    /// <summary>Whether images may be of this size.</summary>
    public static bool IsPossible((int Height, int Width) size, int factor) =>
        size.Height >= factor && size.Width >= factor && size.Height % factor == 0 && size.Width % factor == 0;

    /// <exception cref="ArgumentOutOfRangeException">Images may not be of this size, as an argument of the caller asks for.</exception>
    public static void ThrowIfImpossible((int Height, int Width) size, int factor, string argument)
    {
        if (!IsPossible(size, factor))
        {
            throw new ArgumentOutOfRangeException(argument, size, $"Height and width of the images must be multiples of {factor}.");
        }
    }

    /// <exception cref="ArgumentException">The images are of another size.</exception>
    public static void ThrowIfOther(Tensor input, (int Height, int Width) size)
    {
        if ((input.shape[^2], input.shape[^1]) != size)
        {
            throw new ArgumentException(
                $"Expected images of {size.Height}×{size.Width} pixels, but got {input.shape[^2]}×{input.shape[^1]}.", nameof(input));
        }
    }
}

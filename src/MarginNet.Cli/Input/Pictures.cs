using MarginNet.Arrays;
using MarginNet.Data;

namespace MarginNet.Cli.Input;

/// <summary>The pixels of samples, wherever they are kept.</summary>
/// <param name="Channels">C.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="Pixels">The pixels of a sample by its index, shape [C, H, W], 0 for black and 1 for white.</param>
internal sealed record Pictures(int Channels, int Height, int Width, Func<int, float[]> Pixels)
{
    public static Pictures Of(ImageSet images) => new(
        images.Channels, images.Height, images.Width, i => Array.ConvertAll(images.Pixels(i).ToArray(), value => value / 255f));

    public static Pictures Of(ImageArray images) => new(images.Channels, images.Height, images.Width, i => images[i].ToArray());

    /// <summary>What these have more than others, of the same size, enlarged about grey.</summary>
    public Pictures Less(Pictures others, double factor) =>
        this with { Pixels = i => [.. Pixels(i).Zip(others.Pixels(i), (own, other) => (float)(0.5 + (factor * (own - other))))] };
}

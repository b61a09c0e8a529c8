using MarginNet.Data;

namespace MarginNet.Tests.Models;

/// <summary>Images of 3×8×8 of noise, a little brighter in the quadrant of their class: a problem for networks that are to be
/// certified.</summary>
internal static class Quadrants
{
    public static ImageSet Images(int count, int seed)
    {
        var random = new Random(seed);
        var (pixels, labels) = (new byte[count * 3 * 64], new int[count]);
        random.NextBytes(pixels);
        for (var i = 0; i < pixels.Length; i++)
        {
            var (image, y, x) = (i / 192, i / 8 % 8, i % 8);
            labels[image] = image % 4;
            pixels[i] = (byte)((pixels[i] / 2) + ((y / 4 * 2) + (x / 4) == image % 4 ? 60 : 0));
        }

        return ImageSet.Create(pixels, labels, 3, 8, 8);
    }
}

using MarginNet.Data;
using StbImageWriteSharp;

namespace MarginNet.ServingBench;

/// <summary>Drawn shapes as requests with PNG files.</summary>
internal static class Pictures
{
    private const int Count = 200;

    public static byte[][] Files { get; } = Draw();

    public static byte[][] Requests { get; } = Array.ConvertAll(Files, file => RawClient.Post(file));

    private static byte[][] Draw()
    {
        var images = SyntheticShapes.Create(10, Count).Test;
        return [.. Enumerable.Range(0, Count).Select(index =>
        {
            var planes = images.Pixels(index);
            var (pixels, plane) = (new byte[planes.Length], planes.Length / 3);
            for (var i = 0; i < pixels.Length; i++)
            {
                pixels[i] = planes[(i % 3 * plane) + (i / 3)];
            }

            using var stream = new MemoryStream();
            new ImageWriter().WritePng(pixels, images.Width, images.Height, ColorComponents.RedGreenBlue, stream);
            return stream.ToArray();
        })];
    }
}

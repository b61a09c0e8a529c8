using MarginNet.Cli.Input;
using MarginNet.Cli.Pages;
using MarginNet.Data;
using SkiaSharp;

namespace MarginNet.Cli.Tests.Pages;

public sealed class ThumbnailTests
{
    [Theory]
    [InlineData(1, 0, 0, 0)]
    [InlineData(3, 0, 1, 2)]
    [InlineData(2, 0, 0, 0)] // of which nobody knows a colour
    [InlineData(5, 0, 0, 0)]
    public void A_small_picture_has_the_pixels_of_the_image(int channels, int red, int green, int blue)
    {
        var bytes = new byte[channels * 4 * 6];
        new Random(1).NextBytes(bytes);
        using var read = Read(ImageSet.Create(bytes, [0], channels, 4, 6));
        Assert.Equal((6, 4), (read.Width, read.Height));
        for (var i = 0; i < 24; i++)
        {
            var pixel = read.GetPixel(i % 6, i / 6);
            Assert.Equal((bytes[(red * 24) + i], bytes[(green * 24) + i], bytes[(blue * 24) + i]), (pixel.Red, pixel.Green, pixel.Blue));
            Assert.Equal(255, pixel.Alpha);
        }
    }

    [Theory]
    [InlineData(96, 96, 96, 96)]
    [InlineData(224, 224, 96, 96)]
    [InlineData(100, 400, 24, 96)]
    public void A_large_picture_is_made_smaller_in_its_own_proportion(int width, int height, int expectedWidth, int expectedHeight)
    {
        var grey = new byte[width * height];
        Array.Fill(grey, (byte)77);
        using var read = Read(ImageSet.Create(grey, [0], 1, height, width));
        Assert.Equal((expectedWidth, expectedHeight), (read.Width, read.Height));
        Assert.Equal(77, read.GetPixel(expectedWidth / 2, expectedHeight / 2).Green);
    }

    [Fact]
    public void An_enlarged_difference_is_grey_where_nothing_has_changed()
    {
        var (before, after) = (ImageSet.Create([10, 20, 30, 40], [0], 1, 2, 2), ImageSet.Create([10, 25, 25, 40], [0], 1, 2, 2));
        var pixels = Pictures.Of(after).Less(Pictures.Of(before), 8).Pixels(0);
        float[] expected = [0.5f, 0.5f + (8 * 5 / 255f), 0.5f - (8 * 5 / 255f), 0.5f];
        Assert.All(pixels.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
    }

    private static SKBitmap Read(ImageSet images) => SKBitmap.Decode(Thumbnail.ToPng(Pictures.Of(images), 0));
}

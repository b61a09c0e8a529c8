using MarginNet.Data;

namespace MarginNet.Tests.Data;

public sealed class ImageResizeTests
{
    private static byte[] Resize(byte[] source, int height, int width, int channels, int newHeight, int newWidth)
    {
        var target = new byte[channels * newHeight * newWidth];
        ImageResize.Fit(source, height, width, channels, target, channels, newHeight, newWidth, ImageResizing.Stretch);
        return target;
    }

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    [Fact]
    public void At_the_same_size_the_pixels_only_change_places() =>
        Assert.Equal([1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12], Resize([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 2, 2, 3, 2, 2));

    [Theory]
    [InlineData(5, 9, 3, 4)]
    [InlineData(100, 33, 32, 32)]
    [InlineData(1, 1, 32, 32)]
    [InlineData(2, 300, 40, 1)]
    public void A_constant_image_stays_constant(int height, int width, int newHeight, int newWidth)
    {
        foreach (var value in new byte[] { 0, 1, 127, 254, 255 })
        {
            var source = Enumerable.Repeat(value, height * width).ToArray();
            Assert.All(Resize(source, height, width, 1, newHeight, newWidth), b => Assert.Equal(value, b));
        }
    }

    [Fact]
    public void Shrinking_averages_where_skipping_would_alias()
    {
        byte[] checks = [.. Enumerable.Range(0, 64 * 64).Select(i => (byte)((((i % 64) + (i / 64)) % 2) * 255))];
        Assert.All(Resize(checks, 64, 64, 1, 8, 8), b => Assert.InRange(b, 127, 128));
    }

    [Fact]
    public void A_mirrored_image_resizes_to_the_mirrored_result()
    {
        var source = Noise(40 * 30);
        byte[] mirrored = [.. Enumerable.Range(0, source.Length).Select(i => source[(i / 30 * 30) + 29 - (i % 30)])];
        var (one, two) = (Resize(source, 40, 30, 1, 17, 13), Resize(mirrored, 40, 30, 1, 17, 13));
        for (var i = 0; i < one.Length; i++)
        {
            Assert.InRange(one[i] - two[(i / 13 * 13) + 12 - (i % 13)], -1, 1); // rounding of sums taken in another order
        }
    }

    [Fact]
    public void Each_channel_is_resized_by_itself()
    {
        var source = Noise(20 * 18 * 3);
        var together = Resize(source, 20, 18, 3, 7, 9);
        for (var c = 0; c < 3; c++)
        {
            byte[] alone = [.. Enumerable.Range(0, 20 * 18).Select(i => source[(i * 3) + c])];
            Assert.Equal(Resize(alone, 20, 18, 1, 7, 9), together[(c * 63)..((c + 1) * 63)]);
        }
    }

    /// <summary>By hand: triangle weights of radius 2 at centres 0.5 and 2.5 are (3, 3, 1)/7 and (1, 3, 3)/7; of radius 1 when enlarging,
    /// 1/4 and 3/4.</summary>
    [Fact]
    public void A_row_of_four_gives_the_values_computed_by_hand()
    {
        Assert.Equal(
            [(3 * 70 + 3 * 140 + 7) / 7, (140 + 3 * 7 + 3 * 210 + 3) / 7], Resize([70, 140, 7, 210], 1, 4, 1, 1, 2).Select(b => (int)b));
        Assert.Equal([0, 25, 75, 100], Resize([0, 100], 1, 2, 1, 1, 4));
    }
}

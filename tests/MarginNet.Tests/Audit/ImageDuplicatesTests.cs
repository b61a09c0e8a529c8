using MarginNet.Audit;
using MarginNet.Data;

namespace MarginNet.Tests.Audit;

public sealed class ImageDuplicatesTests
{
    private const int Size = 3 * 32 * 32;

    /// <summary>Drawn shapes, and changed copies of the first ones after them.</summary>
    private static ImageSet With(params Func<byte, int, byte>[] changes)
    {
        var shapes = SyntheticShapes.Create(300, 0).Train;
        byte[] pixels = [.. Enumerable.Range(0, 300).SelectMany(i => shapes.Pixels(i).ToArray())];
        byte[] copies = [.. changes.SelectMany((change, k) => shapes.Pixels(k).ToArray().Select(change))];
        return ImageSet.Create([.. pixels, .. copies], new int[300 + changes.Length], 3, 32, 32);
    }

    [Fact]
    public void Copies_are_found_exactly_and_changed_ones_nearly()
    {
        var random = new Random(1);
        var found = ImageDuplicates.Find(With(
            (x, _) => x,
            (x, _) => (byte)Math.Clamp(x + random.Next(-4, 5), 0, 255), // noise
            (x, _) => (byte)Math.Min(255, x + 6), // brighter
            (x, i) => i == 17 ? (byte)(x ^ 1) : x));
        Assert.Empty(found.Constant);
        Assert.Equal([(0, 300, true), (1, 301, false), (2, 302, false), (3, 303, false)],
            found.Pairs.Select(pair => (pair.First, pair.Second, pair.IsExact)));
        Assert.Equal(0, found.Pairs[0].Distance);
        Assert.InRange(found.Pairs[1].Distance, 2, 3);
        Assert.Equal(1 / Math.Sqrt(Size), found.Pairs[3].Distance, 1e-9);
    }

    [Fact]
    public void Drawn_shapes_that_differ_are_no_duplicates() =>
        Assert.Empty(ImageDuplicates.Find(SyntheticShapes.Create(2000, 0).Train).Pairs);

    [Fact]
    public void Every_further_copy_is_paired_with_the_first()
    {
        var found = ImageDuplicates.Find(With((x, _) => x).Select([5, 0, 7, 300, 0]));
        Assert.Equal([(1, 3), (1, 4)], found.Pairs.Select(pair => (pair.First, pair.Second)));
    }

    [Fact]
    public void Images_of_one_colour_are_found_whatever_the_colour()
    {
        byte[] red = [.. Enumerable.Range(0, Size).Select(i => i < 1024 ? (byte)200 : (byte)7)];
        var images = ImageSet.Create([.. new byte[Size], .. red, .. SyntheticShapes.Create(1, 0).Train.Pixels(0)], [0, 1, 2], 3, 32, 32);
        var found = ImageDuplicates.Find(images);
        Assert.Equal([0, 1], found.Constant.ToArray());
        Assert.Empty(found.Pairs); // Their hashes are equal, since neither has an edge.
    }

    [Theory]
    [InlineData(9, 8)]
    [InlineData(33, 57)]
    public void The_hash_of_an_image_hardly_feels_its_size(int width, int height)
    {
        ulong Hash(int w, int h)
        {
            byte[] pixels = [.. Enumerable.Range(0, w * h).Select(i =>
                (byte)(128 + (100 * Math.Sin(7 * ((i % w) + 0.5) / w) * Math.Cos(5 * ((i / w) + 0.5) / h))))];
            return DifferenceHash.Compute(ImageSet.Create(pixels, [0], 1, h, w), 0);
        }

        Assert.InRange(ulong.PopCount(Hash(width, height) ^ Hash(64, 64)), 0UL, 6UL);
        Assert.Equal(0UL, Hash(1, 1));
    }
}

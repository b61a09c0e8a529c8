using MarginNet.Data;
using static TorchSharp.torch;

namespace MarginNet.Tests.Data;

public sealed class ImageSetTests
{
    /// <summary>Six images of 2×2×3 whose bytes count up from 0, labels 0 1 2 0 1 −1.</summary>
    private static ImageSet Counting() =>
        ImageSet.Create([.. Enumerable.Range(0, 72).Select(i => (byte)i)], [0, 1, 2, 0, 1, -1], 2, 2, 3);

    [Fact]
    public void Every_byte_becomes_its_255th_part_exactly_rounded()
    {
        var set = ImageSet.Create([.. Enumerable.Range(0, 256).Select(i => (byte)i)], [0], 1, 16, 16);
        using var tensor = set.ToTensor([0]);
        Assert.Equal(ScalarType.Float32, tensor.dtype);
        Assert.Equal([1, 1, 16, 16], tensor.shape);
        Assert.Equal(Enumerable.Range(0, 256).Select(i => i / 255f), tensor.data<float>().ToArray());
    }

    [Fact]
    public void A_batch_holds_the_images_and_labels_in_the_order_of_the_indices_repeats_included()
    {
        using var images = Counting().ToTensor([5, 0, 5]);
        using var labels = Counting().LabelTensor([5, 0, 5]);
        Assert.Equal([3, 2, 2, 3], images.shape);
        int[] bytes = [.. Enumerable.Range(60, 12), .. Enumerable.Range(0, 12), .. Enumerable.Range(60, 12)];
        Assert.Equal(bytes.Select(b => b / 255f), images.data<float>().ToArray());
        Assert.Equal(ScalarType.Int64, labels.dtype);
        Assert.Equal([-1, 0, -1], labels.data<long>().ToArray());
    }

    [Fact]
    public void An_empty_batch_has_the_shape_of_no_images()
    {
        using var images = Counting().ToTensor([]);
        using var labels = Counting().LabelTensor([]);
        Assert.Equal([0, 2, 2, 3], images.shape);
        Assert.Equal([0], labels.shape);
    }

    [Fact]
    public void Batches_leave_no_tensor_behind()
    {
        var set = Counting();
        set.ToTensor([0]).Dispose();
        Assert.Equal(0, LiveTensors.LeftBy(() =>
        {
            for (var i = 0; i < 10; i++)
            {
                set.ToTensor([0, 1]).Dispose();
                set.LabelTensor([0, 1]).Dispose();
            }
        }));
    }

    [Fact]
    public void A_selection_of_a_selection_is_the_selection_by_composed_indices()
    {
        var once = Counting().Select([5, 3, 1]).Select([2, 0, 2]);
        var direct = Counting().Select([1, 5, 1]);
        Assert.Equal(direct.Labels, once.Labels);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(direct.Pixels(i), once.Pixels(i));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(4, 4)]
    [InlineData(99, 6)]
    public void Take_gives_the_first_images_and_no_more_than_there_are(int count, int expected)
    {
        var taken = Counting().Take(count);
        Assert.Equal(expected, taken.Count);
        Assert.Equal(Counting().Labels[..expected], taken.Labels);
    }

    [Fact]
    public void A_balanced_part_has_the_first_images_of_every_class_in_their_order()
    {
        int[] labels = [2, 2, 2, 0, 0, 1, 2, 1];
        var set = ImageSet.Create(new byte[] { 0, 1, 2, 3, 4, 5, 6, 7 }, labels, 1, 1, 1);
        Assert.Equal([0, 3, 5], Firsts(set.TakeBalanced(3)));
        Assert.Equal([0, 1, 3, 4, 5, 7], Firsts(set.TakeBalanced(6)));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Firsts(set.TakeBalanced(99)));
        Assert.Equal(0, set.TakeBalanced(0).Count);

        static IEnumerable<int> Firsts(ImageSet images) => Enumerable.Range(0, images.Count).Select(i => (int)images.Pixels(i)[0]);
    }

    [Fact]
    public void Sixty_thousand_images_of_CIFAR_size_take_their_bytes_and_one_percent()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var stream = new RepeatingStream(60_000L * 3073);
        var set = Cifar10Records.Read(stream, stream.Length, "zeros");
        var (rest, held) = (set.Select([.. Enumerable.Range(0, 54_000)]), set.Take(6_000));
        var used = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(used, 184_000_000, 190_000_000);
        Assert.Equal(60_000, rest.Count + held.Count);
        GC.KeepAlive(set);
    }

    [Fact]
    public void Joined_sets_follow_each_other()
    {
        var joined = ImageSet.Concat(Counting(), Counting().Take(2));
        Assert.Equal([0, 1, 2, 0, 1, -1, 0, 1], joined.Labels);
        Assert.Equal(Counting().Pixels(1), joined.Pixels(7));
        Assert.Throws<ArgumentException>(() => ImageSet.Concat(Counting(), ImageSet.Create(new byte[6], [0], 1, 2, 3)));
        Assert.Throws<ArgumentException>(() => ImageSet.Concat());
    }

    [Fact]
    public void Changing_the_bytes_it_was_made_of_does_not_change_the_set()
    {
        byte[] pixels = [1, 2];
        int[] labels = [0, 1];
        var set = ImageSet.Create(pixels, labels, 1, 1, 1);
        (pixels[0], labels[0]) = (9, 9);
        Assert.Equal(1, set.Pixels(0)[0]);
        Assert.Equal(0, set.Labels[0]);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(6)]
    [InlineData(int.MaxValue)]
    public void An_index_out_of_range_is_refused_by_value(int index)
    {
        var set = Counting();
        Assert.Contains(
            $"{index}", Assert.Throws<ArgumentOutOfRangeException>(() => set.Select([0, index])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => set.ToTensor([index]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set.LabelTensor([index]));
        Assert.Throws<ArgumentOutOfRangeException>(() => { _ = set.Pixels(index); });
    }

    [Fact]
    public void Sizes_that_disagree_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ImageSet.Create(new byte[11], [0], 1, 3, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageSet.Create([], [], 0, 3, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageSet.Create(new byte[1], [-2], 1, 1, 1));
    }

    [Fact]
    public void A_dataset_refuses_labels_without_a_class_and_images_of_two_sizes()
    {
        var images = Counting();
        var dataset = new ImageDataset("three", ["a", "b", "c"], images, images);
        Assert.Equal(2, (dataset with { Test = images.Take(2) }).Test.Count);
        Assert.Contains(
            "Image 2 has label 2",
            Assert.Throws<ArgumentException>(() => new ImageDataset("two", ["a", "b"], images, images)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => dataset with { Train = ImageSet.Create(new byte[12], [3], 2, 2, 3) });
        Assert.Throws<ArgumentException>(
            () => new ImageDataset("sizes", ["a", "b", "c"], images, ImageSet.Create(new byte[12], [0], 3, 2, 2)));
        Assert.Throws<ArgumentException>(() => new ImageDataset("one", ["a"], images.Take(1), images.Take(1)));
    }

    /// <summary>Zeros of a given length, without the memory.</summary>
    private sealed class RepeatingStream(long length) : MemoryStream
    {
        public override long Length => length;

        public override int Read(Span<byte> buffer)
        {
            buffer.Clear();
            return buffer.Length;
        }
    }
}

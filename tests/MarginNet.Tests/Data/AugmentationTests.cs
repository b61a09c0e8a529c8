using MarginNet.Data;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace MarginNet.Tests.Data;

public sealed class AugmentationTests
{
    private static Tensor Images(long count)
    {
        using var generator = new Generator(5);
        return rand([count, 3, 7, 6], generator: generator);
    }

    private static bool AreSame(Tensor a, Tensor b) => a.shape.SequenceEqual(b.shape) && a.eq(b).all().item<bool>();

    private static Tensor Augment(Tensor images, ulong seed, int padding = 4, bool flip = true, PaddingModes fill = PaddingModes.Reflect)
    {
        using var generator = new Generator(seed);
        return Augmentation.RandomCropFlip(images, generator, padding, flip, fill);
    }

    [Fact]
    public void Without_padding_and_flip_nothing_changes()
    {
        using var scope = NewDisposeScope();
        Assert.True(AreSame(Images(9), Augment(Images(9), 1, padding: 0, flip: false)));
    }

    [Theory]
    [InlineData(PaddingModes.Reflect)]
    [InlineData(PaddingModes.Zeros)]
    public void Every_output_is_a_window_of_the_padded_image_or_of_its_mirror_image_and_all_occur(PaddingModes fill)
    {
        using var scope = NewDisposeScope();
        const int Count = 400, Padding = 1; // 2 · 3 · 3 kinds: the chance that one is missing is below 3e-9
        var images = Images(1).expand(Count, 3, 7, 6);
        var output = Augment(images, 2, Padding, flip: true, fill);
        Assert.Equal(images.shape, output.shape);

        var padded =
            F.pad(images[0].unsqueeze(0), [Padding, Padding, Padding, Padding], fill == PaddingModes.Zeros ? PaddingModes.Constant : fill);
        var windows = (from flip in new[] { false, true }
                       from top in Enumerable.Range(0, (2 * Padding) + 1)
                       from left in Enumerable.Range(0, (2 * Padding) + 1)
                       let window = padded.narrow(2, top, 7).narrow(3, left, 6)
                       select flip ? window.flip(3) : window).ToList();
        var found = Enumerable.Range(0, Count).Select(i => windows.FindIndex(w => AreSame(w, output[i].unsqueeze(0)))).ToList();
        Assert.DoesNotContain(-1, found);
        Assert.Equal(windows.Count, found.Distinct().Count());
    }

    [Fact]
    public void Bytes_give_the_same_windows_as_numbers_in_channels_last_order()
    {
        using var scope = NewDisposeScope();
        var bytes = (Images(9) * 255).to(ScalarType.Byte);
        var (fromBytes, fromNumbers) = (Augment(bytes, 8), Augment(bytes.to(ScalarType.Float32), 8));
        Assert.Equal(ScalarType.Byte, fromBytes.dtype);
        Assert.True(AreSame(fromBytes.to(ScalarType.Float32), fromNumbers));
        Assert.True(fromBytes.permute(0, 2, 3, 1).is_contiguous());
    }

    [Fact]
    public void Each_image_has_its_own_window_and_keeps_its_channels_together()
    {
        using var scope = NewDisposeScope();
        var plane = arange(64, dtype: ScalarType.Float32).view(1, 1, 8, 8).expand(64, 2, 8, 8);
        var output = Augment(plane, 3);
        Assert.True(AreSame(output.select(1, 0), output.select(1, 1)));
        Assert.False(AreSame(output[0], output[1]) && AreSame(output[1], output[2]));
    }

    [Fact]
    public void The_same_generator_state_gives_the_same_bytes_and_another_state_others()
    {
        using var scope = NewDisposeScope();
        var first = Augment(Images(20), 4);
        Assert.True(AreSame(first, Augment(Images(20), 4)));
        Assert.False(AreSame(first, Augment(Images(20), 6)));
    }

    [Fact]
    public void It_leaves_torchs_own_generator_and_the_input_alone()
    {
        using var scope = NewDisposeScope();
        var (state, images) = (random.get_rng_state().clone(), Images(3));
        _ = Augment(images, 4);
        Assert.True(AreSame(state, random.get_rng_state()));
        Assert.True(AreSame(images, Images(3)));
    }

    [Fact]
    public void It_leaves_no_tensor_behind()
    {
        using var images = Images(3);
        using var generator = new Generator(1);
        Augmentation.RandomCropFlip(images, generator).Dispose();
        Assert.Equal(0, LiveTensors.LeftBy(() => Augmentation.RandomCropFlip(images, generator).Dispose()));
    }

    [Fact]
    public void No_images_give_no_images()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0, 3, 7, 6], Augment(empty([0, 3, 7, 6]), 1).shape);
    }

    [Fact]
    public void Wrong_shapes_types_and_options_are_refused()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1);
        Assert.Throws<ArgumentException>(() => Augmentation.RandomCropFlip(zeros(3, 7, 6), generator));
        Assert.Throws<ArgumentOutOfRangeException>(() => Augmentation.RandomCropFlip(Images(1), generator, padding: 6));
        Assert.Throws<ArgumentOutOfRangeException>(() => Augmentation.RandomCropFlip(Images(1), generator, padding: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Augmentation.RandomCropFlip(Images(1), generator, fill: PaddingModes.Circular));
    }
}

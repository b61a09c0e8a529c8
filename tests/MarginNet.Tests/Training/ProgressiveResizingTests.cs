using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class ProgressiveResizingTests
{
    private const int Side = 12;

    private static readonly TrainingOptions Quick = new() { Epochs = 5, BatchSize = 16, LearningRate = 1e-2, TargetMargin = 5 };

    [Theory]
    [InlineData(20, 32, 32)]
    [InlineData(9, 32, 48)]
    [InlineData(31, 100, 33)]
    [InlineData(1, 2, 2)]
    public void Images_grow_by_four_pixels_at_a_time_and_are_whole_for_the_last_fifth(int initial, int height, int width)
    {
        var previous = 0;
        for (var i = 0; i < 1000; i++)
        {
            var (h, w) = ProgressiveResizing.Size(initial, height, width, i / 1000.0);
            var side = Math.Min(h, w);
            Assert.InRange(side - previous, 0, i == 0 ? initial : 4);
            Assert.True((side - initial) % 4 == 0 || side == Math.Min(height, width));
            Assert.Equal((double)height / width, (double)h / w, (double)height / width / Math.Min(h, w)); // Rounded to whole pixels.
            if (i >= 800)
            {
                Assert.Equal((height, width), (h, w));
            }

            if (i == 0)
            {
                Assert.Equal(initial, side);
            }

            previous = side;
        }
    }

    [Fact]
    public void Shrinking_keeps_constant_images_and_their_mean()
    {
        using var scope = NewDisposeScope();
        var drawn = rand(3, 2, 32, 32);
        var shrunk = ProgressiveResizing.Shrink(drawn, (16, 16)); // Half the size: means of 2x2 pixels.
        Assert.True(allclose(nn.functional.avg_pool2d(drawn, 2), shrunk, 1e-5, 1e-6));
        Assert.True(allclose(full([1, 1, 20, 24], 0.25f), ProgressiveResizing.Shrink(full([1, 1, 32, 38], 0.25f), (20, 24)), 1e-6, 1e-6));
        Assert.Same(drawn, ProgressiveResizing.Shrink(drawn, (32, 32)));
    }

    [Fact]
    public void A_network_sees_small_images_first_and_whole_ones_at_the_end_and_in_scoring()
    {
        using var network = new Watched();
        MarginTrainer.Train(network, Images(), Quick with { InitialSize = 3 });
        Assert.Equal([3, 7, 11, Side], network.Trained.Distinct());
        Assert.All(network.Scored, side => Assert.Equal(Side, side));
        Assert.Equal(network.Trained.Order(), network.Trained);

        using var plain = new Watched();
        MarginTrainer.Train(plain, Images(), Quick with { InitialSize = Side });
        Assert.All(plain.Trained, side => Assert.Equal(Side, side));
    }

    [Fact]
    public void Networks_of_one_image_size_and_bounds_are_refused()
    {
        using var network = new LipNet(new() { Width = 4, ImageSize = (Side, Side), ClassCount = 2, Normalization = new([0.5], [0.25]) });
        Assert.Contains(
            "LipNet",
            Assert.Throws<ArgumentException>(() => MarginTrainer.Train(network, Images(), Quick with { InitialSize = 4 })).Message,
            StringComparison.Ordinal);
        using var tiny = TinyProblem.Network();
        Assert.Throws<ArgumentException>(() => MarginTrainer.Train(tiny, TinyProblem.Images(8), Quick with { InitialSize = 4, LipschitzMargin = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => MarginTrainer.Train(tiny, TinyProblem.Images(8), Quick with { InitialSize = 0 }));
    }

    private static ImageSet Images()
    {
        var pixels = new byte[64 * Side * Side];
        new Random(1).NextBytes(pixels);
        return ImageSet.Create(pixels, [.. Enumerable.Range(0, 64).Select(i => i % 2)], 1, Side, Side);
    }

    /// <summary>A linear function of the images' mean, that remembers the heights it saw.</summary>
    private sealed class Watched : nn.Module<Tensor, Tensor>
    {
        public Watched()
            : base(nameof(Watched)) => register_parameter("weight", nn.Parameter(ones(1, 2)));

        public List<long> Trained { get; } = [];

        public List<long> Scored { get; } = [];

        public override Tensor forward(Tensor input)
        {
            (training ? Trained : Scored).Add(input.shape[2]);
            return input.mean([2, 3]).matmul(get_parameter("weight")!);
        }
    }
}

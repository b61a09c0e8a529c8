using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class FastNetTests
{
    private static readonly FastNetOptions Small = new() { Width = 4 };

    private readonly ImageSet _images = SyntheticShapes.Create(60, 20).Train;

    [Fact]
    public void The_whitened_patches_are_uncorrelated_and_of_unit_variance()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var random = new Random(3);
        var pixels = new byte[40 * 3 * 12 * 12];
        random.NextBytes(pixels); // Every direction of a patch varies, so that the floor of the variance does not show.
        var noise = ImageSet.Create(pixels, new int[40], 3, 12, 12);
        using var layer = new WhiteningLayer(3);
        using var normalize = new NormalizeLayer(ChannelStatistics.Compute(noise));
        layer.Fit(noise, normalize);
        var outputs = layer.forward(normalize.forward(noise.ToTensor([.. Enumerable.Range(0, 40)]))).permute(0, 2, 3, 1).reshape(-1, 24);
        var moments = outputs.t().matmul(outputs) / outputs.shape[0];
        var identity = eye(12);
        var expected = cat([cat([identity, -identity], 1), cat([-identity, identity], 1)]);
        Assert.True(moments.allclose(expected, 0, 2e-3), "The second moments are not those of ± whitened patches.");
    }

    [Fact]
    public void Whitening_does_not_depend_on_how_many_images_go_through_at_once()
    {
        var many = ImageSet.Concat([.. Enumerable.Repeat(_images, 20)]); // 1,200 images: several passes, and the same moments.
        using var once = Create();
        using var often = Create();
        once.Whiten(_images);
        often.Whiten(many);
        var (a, b) = (once.state_dict()["whiten.weight"], often.state_dict()["whiten.weight"]);
        using var products = (a.reshape(24, -1) * b.reshape(24, -1)).sum(1).abs(); // A direction's sign is arbitrary.
        using var norms = a.reshape(24, -1).square().sum(1);
        Assert.True(products.allclose(norms, 1e-3, 1e-3));
    }

    [Fact]
    public void Training_leaves_the_whitening_as_it_is_and_moves_everything_else()
    {
        using var network = Create();
        network.Whiten(_images);
        var before = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());
        MarginNet.Training.MarginTrainer.Train(
            network, _images, MarginNet.Training.TrainingOptions.Fast with { Epochs = 1, BatchSize = 16 });
        foreach (var (name, tensor) in network.state_dict())
        {
            Assert.Equal(name == "whiten.weight", tensor.Equals(before[name]));
            before[name].Dispose();
        }
    }

    [Fact]
    public void Images_that_its_blocks_cannot_halve_three_times_are_refused()
    {
        using var network = Create();
        using var smallest = rand(2, 3, FastNet.MinImageSize, FastNet.MinImageSize);
        using var scores = network.forward(smallest);
        Assert.Equal([2, 10], scores.shape);
        using var tooSmall = rand(2, 3, FastNet.MinImageSize, FastNet.MinImageSize - 1);
        Assert.Throws<ArgumentException>(() => network.forward(tooSmall));
    }

    [Fact]
    public void Images_of_other_channels_and_no_images_do_not_whiten()
    {
        using var network = Create();
        Assert.Throws<ArgumentException>(() => network.Whiten(ImageSet.Create(new byte[100], [0], 1, 10, 10)));
        Assert.Throws<ArgumentOutOfRangeException>(() => network.Whiten(_images.Take(0)));
    }

    [Theory]
    [InlineData(0, 10, 1)]
    [InlineData(4, 1, 1)]
    [InlineData(4, 10, 0)]
    [InlineData(4, 10, double.PositiveInfinity)]
    public void Options_outside_their_range_are_refused(int width, int classes, double outputScale) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new FastNet(new() { Width = width, ClassCount = classes, OutputScale = outputScale }));

    private static FastNet Create()
    {
        manual_seed(7);
        return new(Small);
    }
}

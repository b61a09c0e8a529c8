using MarginNet.Certificates;
using MarginNet.Lipschitz;
using MarginNet.Models;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class LiResNetTests
{
    private static readonly LiResNetOptions Small = new() { Width = 12, ImageSize = (8, 8), ClassCount = 4 };

    [Theory]
    [InlineData(8, 8)]
    [InlineData(3, 8)]
    public void A_fresh_block_passes_its_input_on_in_its_last_channels_and_little_else(int inputs, int outputs)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            using var scope = NewDisposeScope();
            manual_seed(seed);
            using var block = new LinearResidual(inputs, outputs);
            var images = rand(4, inputs, 6, 5); // Not negative, so that |x| changes nothing.
            var passed = block.forward(images);
            var whole = nn.functional.pad(images, [0, 0, 0, 0, outputs - inputs, 0]);
            Assert.InRange(((passed - whole).norm() / images.norm()).item<float>(), 1e-3, 0.3);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Training_that_sees_its_norms_gives_radii_that_are_not_vacuous(int seed)
    {
        var (train, test) = (Quadrants.Images(400, seed), Quadrants.Images(100, seed + 100));
        manual_seed(seed);
        using var network = new LiResNet(Small);
        // A flip changes the quadrant.
        MarginTrainer.Train(network, train, TrainingOptions.CertifiedResidual with { Epochs = 12, BatchSize = 16, Augment = false });
        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        var radii = LabelledRadius.Compute(network.Score(test), test.Labels, bounds);
        Assert.True(radii.Count(radius => radius > 0) > 80, $"{radii.Count(radius => radius > 0)} of 100 are right.");
        Assert.True(radii.Count(radius => radius > 36 / 255.0) > 60, $"{radii.Count(radius => radius > 36 / 255.0)} of 100 are certified.");
    }

    [Theory]
    [InlineData(0, 32, 32)]
    [InlineData(4, 0, 8)]
    [InlineData(4, 32, 30)]
    public void Options_outside_their_range_are_refused(int width, int height, int imageWidth) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LiResNet(new() { Width = width, ImageSize = (height, imageWidth) }));

    [Fact]
    public void Images_of_another_size_than_its_own_are_refused()
    {
        using var network = new LiResNet(Small);
        using var images = rand(1, 3, 8, 16);
        Assert.Contains("8×8", Assert.Throws<ArgumentException>(() => network.forward(images)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_weights_are_counted_without_making_them()
    {
        foreach (var options in new[] { Small, new LiResNetOptions(), new LiResNetOptions { Width = 20, ImageSize = (16, 32) } })
        {
            using var network = new LiResNet(options);
            Assert.Equal(network.parameters().Where(weight => weight.dim() > 1).Sum(weight => weight.numel()), options.KernelWeights);
        }
    }
}

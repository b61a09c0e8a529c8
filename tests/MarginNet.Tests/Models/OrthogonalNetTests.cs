using MarginNet.Certificates;
using MarginNet.Graph.Operations;
using MarginNet.Lipschitz;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class OrthogonalNetTests
{
    private static readonly OrthogonalNetOptions Small = new() { Width = 12, ImageSize = (8, 8), ClassCount = 4 };

    [Fact]
    public void A_fresh_layer_that_keeps_the_number_of_channels_keeps_the_length_of_every_gradient()
    {
        for (var seed = 0; seed < 5; seed++)
        {
            using var scope = NewDisposeScope();
            manual_seed(seed);
            foreach (var (inputs, outputs, least) in new[] { (9, 9, 1.0), (4, 10, 1.0), (11, 5, 0.0) })
            {
                using var layer = new OrthogonalBlock(inputs, outputs);
                layer.to(ScalarType.Float64);
                var jacobian = ScoreGradients.Compute(nn.Sequential(layer, nn.Flatten()), rand(2, inputs, 4, 3, dtype: ScalarType.Float64));
                var values = linalg.svdvals(jacobian);
                Assert.Equal(1, values.max().item<double>(), 1e-6); // The weights are drawn in float32.
                Assert.InRange(values.min().item<double>(), least - 1e-6, 1 + 1e-6);
            }
        }
    }

    [Fact]
    public void Shifts_move_each_group_of_channels_by_one_pixel_around_the_edges()
    {
        using var scope = NewDisposeScope();
        var images = rand(2, 10, 3, 4);
        var moved = new ChannelShift(2).Run([images], isTraining: false);
        for (var y = 0; y < 3; y++)
        {
            for (var x = 0; x < 4; x++)
            {
                foreach (var (first, from) in new[]
                {
                    (0, ((y + 2) % 3, x)), (2, ((y + 1) % 3, x)), (4, (y, (x + 3) % 4)), (6, (y, (x + 1) % 4)), (8, (y, x)),
                })
                {
                    Assert.Equal(
                        images[TensorIndex.Colon, TensorIndex.Slice(first, first + 2), from.Item1, from.Item2].data<float>().ToArray(),
                        moved[TensorIndex.Colon, TensorIndex.Slice(first, first + 2), y, x].data<float>().ToArray());
                }
            }
        }

        Assert.Same(images, new ChannelShift(0).Run([images], isTraining: false));
    }

    [Fact]
    public void Half_of_the_absolute_values_are_MaxMin_in_another_basis()
    {
        using var scope = NewDisposeScope();
        var basis = tensor(new[,] { { 1.0, -1.0 }, { 1.0, 1.0 } }) / Math.Sqrt(2);
        var pairs = randn(100, 2, dtype: ScalarType.Float64);
        var bent = new PartialAbs(1).Run([pairs.mm(basis.t())], isTraining: false).mm(basis);
        Assert.True(bent.select(1, 0).allclose(pairs.amax([1]), 1e-12, 1e-12));
        Assert.True(bent.select(1, 1).allclose(pairs.amin([1]), 1e-12, 1e-12));
    }

    [Fact]
    public void In_evaluation_sums_are_rounded_once()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var (input, weight, bias) = (randn(3, 500, 2, 2), randn(7, 500), randn(7));
        var exact = nn.functional.linear(
            input.movedim([1], [-1]).to(ScalarType.Float64), weight.to(ScalarType.Float64), bias.to(ScalarType.Float64)).movedim([-1], [1]);
        var rounded = new PreciseLinear(IsPointwise: true).Run([input, weight, bias], isTraining: false);
        Assert.Equal(exact.to(ScalarType.Float32).contiguous().data<float>().ToArray(), rounded.contiguous().data<float>().ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Training_keeps_it_1_Lipschitz_and_its_radii_are_not_vacuous(int seed)
    {
        var (train, test) = (Quadrants.Images(400, seed), Quadrants.Images(100, seed + 100));
        manual_seed(seed);
        using var network = new OrthogonalNet(Small);
        // A flip changes the quadrant.
        MarginTrainer.Train(network, train, TrainingOptions.CertifiedOrthogonal with { Epochs = 12, BatchSize = 16, Augment = false });
        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        Assert.InRange(bounds.Euclidean.Value, 0.5, 1 + 1e-3);
        var radii = LabelledRadius.Compute(network.Score(test), test.Labels, bounds);
        Assert.True(radii.Count(radius => radius > 0) > 80, $"{radii.Count(radius => radius > 0)} of 100 are right.");
        Assert.True(radii.Count(radius => radius > 36 / 255.0) > 60, $"{radii.Count(radius => radius > 36 / 255.0)} of 100 are certified.");
    }

    [Fact]
    public void The_bounds_are_of_the_weights_that_there_are()
    {
        manual_seed(7);
        using var network = new OrthogonalNet(Small);
        using (no_grad())
        {
            foreach (var weight in network.parameters().Where(parameter => parameter.dim() == 2).Take(3))
            {
                weight.mul_(2);
            }
        }

        Assert.InRange(LipschitzBounds.Compute(network, new(3, 8, 8)).Euclidean.Value, 4, 8 + 1e-3);
    }

    [Theory]
    [InlineData(0, 32, 32)]
    [InlineData(4, 0, 8)]
    [InlineData(4, 32, 28)]
    public void Options_outside_their_range_are_refused(int width, int height, int imageWidth) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new OrthogonalNet(new() { Width = width, ImageSize = (height, imageWidth) }));

    [Fact]
    public void Images_of_another_size_than_its_own_are_refused()
    {
        using var network = new OrthogonalNet(Small);
        using var images = rand(1, 3, 8, 16);
        Assert.Contains("8×8", Assert.Throws<ArgumentException>(() => network.forward(images)).Message, StringComparison.Ordinal);
    }
}

using MarginNet.Certificates;
using MarginNet.Graph.Operations;
using MarginNet.Lipschitz;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class LipNetTests
{
    private static readonly LipNetOptions Small = new() { Width = 4, ImageSize = (8, 8) };

    [Theory]
    [InlineData(1e-3)]
    [InlineData(1)]
    [InlineData(1e3)]
    public void No_residual_layer_moves_two_inputs_apart_whatever_its_weights(double scale)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        for (var seed = 0; seed < 20; seed++)
        {
            manual_seed(seed);
            using nn.Module<Tensor, Tensor> convolution = SllResidual.Convolution(3, 1 + seed);
            using nn.Module<Tensor, Tensor> dense = SllResidual.Linear(7, 1 + seed);
            Check(Precise(convolution, scale), rand(2, 3, 5, 4, dtype: ScalarType.Float64));
            Check(Precise(dense, scale), rand(2, 7, dtype: ScalarType.Float64));
        }

        static void Check(nn.Module<Tensor, Tensor> layer, Tensor inputs)
        {
            var jacobian = ScoreGradients.Compute(nn.Sequential(layer, nn.Flatten()), inputs);
            Assert.True(linalg.svdvals(jacobian).max().item<double>() <= 1 + 1e-12);
        }
    }

    [Fact]
    public void The_last_layer_has_norm_1_where_its_rows_are_orthogonal_and_at_most_1_elsewhere()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(2);
        using var layer = new AolLinear(9, 4);
        Assert.Equal(1, linalg.svdvals(AolGemm.Matrix(layer.parameters().First())).max().item<float>(), 1e-5);
        var norms = new List<float>();
        for (var draw = 0; draw < 50; draw++)
        {
            layer.parameters().First().normal_().mul_(Math.Pow(10, (draw % 7) - 3));
            norms.Add(linalg.svdvals(AolGemm.Matrix(layer.parameters().First())).max().item<float>());
        }

        Assert.All(norms, norm => Assert.InRange(norm, 0.5f, 1 + 1e-6f));
        Assert.Contains(norms, norm => norm < 0.95f);
        layer.parameters().First().zero_();
        Assert.True(AolGemm.Matrix(layer.parameters().First()).isfinite().all().item<bool>());
    }

    [Fact]
    public void The_proven_bounds_are_1_and_so_a_margin_is_a_radius_of_its_root_two()
    {
        using var network = Create(Small);
        using (no_grad())
        {
            foreach (var parameter in network.parameters())
            {
                parameter.mul_(3);
            }
        }

        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        Assert.InRange(bounds.Euclidean.Value, 0.1, 1 + 1e-6);
        var images = Quadrants.Images(20, 7);
        var scores = network.Score(images);
        var radii = CertifiedRadius.Compute(scores, images, bounds);
        Assert.All(
            radii.Zip(scores.Decisions().Margins),
            pair => Assert.True(pair.First.RadiusBeforeRounding >= pair.Second / Math.Sqrt(2) * (1 - 1e-6)));
        Assert.All(
            radii, radius => Assert.InRange(radius.Radius, Math.Max(0, radius.RadiusBeforeRounding - 2e-3), radius.RadiusBeforeRounding));
    }

    [Fact]
    public void A_signal_gets_through_thirty_fresh_layers()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(4);
        var stack = nn.Sequential(Enumerable.Range(0, 30).Select(_ => (nn.Module<Tensor, Tensor>)SllResidual.Convolution(8, 8)));
        var (first, second) = (randn(1, 8, 8, 8), randn(1, 8, 8, 8));
        var moved = (stack.forward(first) - stack.forward(second)).norm().item<float>() / (first - second).norm().item<float>();
        Assert.InRange(moved, 0.05f, 1.00001f); // A plain ReLU network of this depth lets nothing through.
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_learns_and_its_radii_are_not_vacuous(int seed)
    {
        var (train, test) = (Quadrants.Images(400, seed), Quadrants.Images(100, seed + 100));
        manual_seed(seed);
        using var network = new LipNet(Small with { ClassCount = 4 });
        // A flip changes the quadrant.
        MarginTrainer.Train(network, train, TrainingOptions.Certified with { Epochs = 8, BatchSize = 16, Augment = false });
        var radii = LabelledRadius.Compute(network.Score(test), test.Labels, LipschitzBounds.Compute(network, new(3, 8, 8)));
        Assert.True(radii.Count(radius => radius > 0) > 80, $"{radii.Count(radius => radius > 0)} of 100 are right.");
        Assert.True(radii.Count(radius => radius > 36 / 255.0) > 60, $"{radii.Count(radius => radius > 36 / 255.0)} of 100 are certified.");
    }

    [Theory]
    [InlineData(0, 32, 32)]
    [InlineData(4, 0, 4)]
    [InlineData(4, 32, 30)]
    public void Options_outside_their_range_are_refused(int width, int height, int imageWidth) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LipNet(new() { Width = width, ImageSize = (height, imageWidth) }));

    [Fact]
    public void Images_of_another_size_than_its_own_are_refused()
    {
        using var network = Create(Small);
        using var images = rand(1, 3, 8, 12);
        Assert.Contains("8×8", Assert.Throws<ArgumentException>(() => network.forward(images)).Message, StringComparison.Ordinal);
    }

    private static LipNet Create(LipNetOptions options)
    {
        manual_seed(7);
        return new(options);
    }

    private static nn.Module<Tensor, Tensor> Precise(nn.Module<Tensor, Tensor> layer, double scale)
    {
        layer.to(ScalarType.Float64);
        foreach (var parameter in layer.parameters())
        {
            parameter.normal_().mul_(scale);
        }

        return layer;
    }
}

using MarginNet.Bounds;
using MarginNet.Data;
using MarginNet.Lipschitz;
using MarginNet.Models;
using MarginNet.Tests.Bounds;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

public sealed class LipschitzBoundsTests
{
    [Fact]
    public void No_pair_of_inputs_moves_the_scores_further_than_the_bounds_allow()
    {
        manual_seed(41);
        for (var trial = 0; trial < 40; trial++)
        {
            using var scope = NewDisposeScope();
            var (network, input) = RandomNetworks.Create(trial);
            var bounds = LipschitzBounds.Compute(network, input);
            var x = randn(400, 2, 7, 6, dtype: ScalarType.Float64);
            var length = Math.Pow(10, (trial % 5) - 3);
            var y = x + (length * randn(400, 2, 7, 6, dtype: ScalarType.Float64));
            var change = network.forward(x) - network.forward(y);
            var isGated = trial % 8 is 2 or 7;
            AssertWithin(bounds, isGated ? change : change - change.mean([1], keepdim: true), (x - y).flatten(1).square().sum(1).sqrt());
        }
    }

    [Fact]
    public void Without_kinks_the_bound_of_a_linear_network_is_the_norm_of_its_matrix()
    {
        using var scope = NewDisposeScope();
        manual_seed(42);
        var network = nn.Sequential(nn.Linear(6, 9), nn.Linear(9, 7), nn.Linear(7, 4));
        var weights = network.children().Cast<Linear>().Select(linear => linear.weight!.to(ScalarType.Float64)).ToArray();
        var product = weights[2].mm(weights[1]).mm(weights[0]);
        var centred = product - product.mean([0], keepdim: true);
        var bounds = LipschitzBounds.Compute(network, new(6));
        AssertJustAbove(DenseNormTests.LargestSingularValue(centred), bounds.Euclidean);
        AssertJustAbove((product[0] - product[2]).square().sum().sqrt().item<double>(), bounds.Pair(0, 2));
        Assert.Equal("matrix", bounds.ScoresMethod);
    }

    [Fact]
    public void A_single_linear_layer_is_bounded_exactly_and_centred()
    {
        using var scope = NewDisposeScope();
        manual_seed(43);
        var linear = nn.Linear(8, 5);
        using (no_grad())
        {
            linear.weight!.add_(3 * randn(1, 8)); // What all classes share moves no margin.
        }

        var bounds = LipschitzBounds.Compute(nn.Sequential(linear), new(8));
        var weight = linear.weight!.detach().to(ScalarType.Float64);
        var centred = weight - weight.mean([0], keepdim: true);
        AssertJustAbove(DenseNormTests.LargestSingularValue(centred), bounds.Euclidean);
        AssertJustAbove(centred.square().sum(1).max().sqrt().item<double>(), bounds.Scores);
        for (var i = 0; i < 5; i++)
        {
            for (var j = 0; j < 5; j++)
            {
                AssertJustAbove((weight[i] - weight[j]).square().sum().sqrt().item<double>(), bounds.Pair(i, j));
            }
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => bounds.Pair(0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => bounds.Pair(-1, 0));
    }

    [Fact]
    public void Pairwise_constants_never_exceed_what_the_others_imply()
    {
        manual_seed(44);
        for (var design = 0; design < 8; design++)
        {
            using var scope = NewDisposeScope();
            var (network, input) = RandomNetworks.Create(design);
            var bounds = LipschitzBounds.Compute(network, input);
            for (var i = 0; i < bounds.ClassCount; i++)
            {
                for (var j = 0; j < bounds.ClassCount; j++)
                {
                    Assert.Equal(bounds.Pair(i, j).Value, bounds.Pair(j, i).Value, 1e-9 * bounds.Scores.Value);
                    Assert.True(
                        bounds.Pair(i, j).Value <= Math.Min(2 * bounds.Scores.Value, Math.Sqrt(2) * bounds.Euclidean.Value) * (1 + 1e-12));
                }
            }

            Assert.True(bounds.Scores <= bounds.Euclidean);
        }
    }

    [Fact]
    public void With_nonnegative_weights_and_open_gates_the_bound_is_the_truth()
    {
        using var scope = NewDisposeScope();
        manual_seed(45);
        var network = RandomNetworks.Dense(2, 10, 30, 20, 2);
        using (no_grad())
        {
            foreach (var parameter in network.parameters())
            {
                parameter.copy_(rand_like(parameter) / 2);
            }
        }

        // LipSDP's published random network is of this kind: its semidefinite program ends at 36.482, and this bound at the same.
        network.append(nn.ReLU());
        var weights = network.children().OfType<Linear>().Select(linear => linear.weight!.detach().to(ScalarType.Float64)).ToArray();
        var product = weights.Aggregate((inner, outer) => outer.mm(inner));
        AssertJustAbove(DenseNormTests.LargestSingularValue(product), LipschitzBounds.Compute(network, new(2)).Euclidean);
        Assert.Equal("nonnegative", LipschitzBounds.Compute(network, new(2)).EuclideanMethod);
    }

    [Fact]
    public void The_bounds_of_whole_chains_are_those_of_their_formulas()
    {
        using var scope = NewDisposeScope();
        manual_seed(46);
        BoundedMatrix[] w =
        [
            new(randn(7, 5, dtype: ScalarType.Float64), 0),
            new(randn(6, 7, dtype: ScalarType.Float64), 0),
            new(randn(4, 6, dtype: ScalarType.Float64), 0),
        ];
        double Norm(Tensor matrix) => DenseNormTests.LargestSingularValue(matrix);
        var (a, b, c) = (w[0].Value, w[1].Value, w[2].Value);
        var expected = (Norm(c.mm(b).mm(a)) / 4) + (Norm(c.mm(b)) * Norm(a) / 4) + (Norm(c) * Norm(b.mm(a)) / 4)
            + (Norm(c) * Norm(b) * Norm(a) / 4);
        AssertJustAbove(expected, new(DenseBounds.Centered([.. w], "").Euclidean));
        AssertJustAbove(Norm(c.abs().mm(b.abs()).mm(a.abs())), new(DenseBounds.Absolute([.. w]).Euclidean));
        var pair = (c[0] - c[3]).abs().unsqueeze(0).mm(b.abs()).mm(a.abs());
        AssertJustAbove(Norm(pair), new(DenseBounds.Absolute([.. w]).Pairs[0, 3]));
    }

    [Fact]
    public void A_residual_block_takes_the_smaller_of_both_formulas()
    {
        using var scope = NewDisposeScope();
        manual_seed(47);
        var (first, second) = (randn(6, 4, dtype: ScalarType.Float64), randn(4, 6, dtype: ScalarType.Float64));
        Layer[] Body(double sign) =>
            [new LinearLayer("a", new(first, 0)), ActivationLayer.Relu("r"), new LinearLayer("b", new(sign * second, 0))];
        var opposed = first.t() * -1; // With W₂ = −W₁ᵀ the block contracts.
        Layer[] contracting = [new LinearLayer("a", new(first, 0)), ActivationLayer.Relu("r"), new LinearLayer("b", new(opposed, 0))];
        double Norm(Tensor matrix) => DenseNormTests.LargestSingularValue(matrix);
        var product = Norm(first) * Norm(opposed);
        var half = Norm(eye(4, dtype: ScalarType.Float64) + (opposed.mm(first) / 2)) + (product / 2);
        var (bound, method) = new ResidualLayer("block", contracting, []).Bound(new(4));
        Assert.True(half < 1 + product);
        Assert.Equal("half the gate", method);
        AssertJustAbove(half, bound);
        foreach (var sign in new[] { 1, -1 })
        {
            var expected = Math.Min(
                1 + (Norm(first) * Norm(second)),
                Norm(eye(4, dtype: ScalarType.Float64) + (sign * second.mm(first) / 2)) + (Norm(first) * Norm(second) / 2));
            AssertJustAbove(expected, new ResidualLayer("block", Body(sign), []).Bound(new(4)).Bound);
        }

        var nonlinearSkip = new ResidualLayer("block", Body(1), [ActivationLayer.Relu("s")]).Bound(new(4));
        Assert.Equal("skip + body", nonlinearSkip.Method);
    }

    [Fact]
    public void Resnet18_is_bounded_layer_by_layer_and_above_what_its_inputs_show()
    {
        manual_seed(48);
        using var network = new ResNet18(new() { Width = 2, ClassCount = 3 });
        using (var scope = NewDisposeScope())
        {
            for (var batch = 0; batch < 3; batch++)
            {
                network.forward(rand(16, 3, 16, 16)); // Moves the running statistics.
            }

            network.eval();
            using var inference = no_grad();
            var bounds = LipschitzBounds.Compute(network, new(3, 16, 16));
            Assert.Equal("normalize + conv1 + bn1", bounds.Layers[0].Name);
            Assert.Equal(8, bounds.Layers.Count(layer => layer.Kind == "residual"));
            Assert.Equal("fc", bounds.Layers[^1].Name);
            var product = bounds.Layers.SkipLast(1).Aggregate(1.0, (value, layer) => value * layer.Bound.Value);
            Assert.True(bounds.Scores.Value <= product * bounds.Layers[^1].Bound.Value * (1 + 1e-9));
            network.to(ScalarType.Float64);
            var x = rand(100, 3, 16, 16, dtype: ScalarType.Float64);
            var y = x + (0.01 * randn(100, 3, 16, 16, dtype: ScalarType.Float64));
            var change = network.forward(x) - network.forward(y);
            AssertWithin(bounds, change - change.mean([1], keepdim: true), (x - y).flatten(1).square().sum(1).sqrt());
        }
    }

    [Fact]
    public void Fastnet_is_bounded_above_what_its_inputs_show()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(50);
        var network = new FastNet(new() { Width = 3, ClassCount = 3, OutputScale = 8 });
        network.Whiten(SyntheticShapes.Create(40, 1).Train);
        network.forward(rand(16, 3, 19, 18)); // Moves the running statistics.
        network.eval();
        var bounds = LipschitzBounds.Compute(network, new(3, 19, 18));
        network.to(ScalarType.Float64);
        var x = rand(100, 3, 19, 18, dtype: ScalarType.Float64);
        var y = x + (0.01 * randn(100, 3, 19, 18, dtype: ScalarType.Float64));
        var change = network.forward(x) - network.forward(y);
        AssertWithin(bounds, change - change.mean([1], keepdim: true), (x - y).flatten(1).square().sum(1).sqrt());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_output_scale_counts(bool isFast)
    {
        UpperBound Bound(double scale)
        {
            manual_seed(51);
            using Classifier network = isFast
                ? new FastNet(new() { Width = 2, OutputScale = scale })
                : new ResNet18(new() { Width = 2, OutputScale = scale });
            return LipschitzBounds.Compute(network, new(3, 12, 12)).Scores;
        }

        var expected = 25 * Bound(1).Value;
        Assert.Equal(expected, Bound(25).Value, 1e-6 * expected);
    }

    [Fact]
    public void The_input_normalisation_counts_so_constants_are_per_pixel()
    {
        manual_seed(49);
        using var plain = new ResNet18(new() { Width = 2, Normalization = new([0, 0, 0], [1, 1, 1]) });
        using var normalizing = new ResNet18(new() { Width = 2, Normalization = new([0.5, 0.5, 0.5], [0.25, 0.25, 0.25]) });
        normalizing.load_state_dict(plain.state_dict());
        var (one, four) =
            (LipschitzBounds.Compute(plain, new(3, 8, 8)).Scores.Value, LipschitzBounds.Compute(normalizing, new(3, 8, 8)).Scores.Value);
        Assert.Equal(4 * one, four, 1e-6 * four);
    }

    [Fact]
    public void A_layer_whose_constant_is_not_known_is_refused_by_name()
    {
        using var scope = NewDisposeScope();
        nn.Module<Tensor, Tensor>[] unknown =
        [
            nn.GELU(), nn.Softmax(1), nn.InstanceNorm2d(3), nn.MaxPool2d(2, ceil_mode: true),
            nn.AvgPool2d(3, padding: 1, count_include_pad: false),
            nn.BatchNorm2d(
                3, track_running_stats: false), nn.Conv2d(3, 3, 3, padding: 1, padding_mode: PaddingModes.Circular), nn.Flatten(0),
        ];
        foreach (var module in unknown)
        {
            var error = Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(nn.Sequential(nn.ReLU(), module), new(3, 8, 8)));
            Assert.Contains("Layer '1'", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_diverged_or_misfitting_network_is_refused()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(4, 3);
        Assert.Contains(
            "It gets [N, 5] and [3, 4] and [3]",
            Assert.Throws<ArgumentException>(() => LipschitzBounds.Compute(nn.Sequential(linear), new(5))).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LipschitzBounds.Compute(nn.Sequential(nn.Conv2d(1, 2, 3)), new(1, 8, 8)));
        Assert.Throws<ArgumentException>(() => LipschitzBounds.Compute(nn.Sequential(nn.BatchNorm2d(2)), new(1, 8, 8)));
        using (no_grad())
        {
            linear.weight![0, 0] = tensor(float.NaN);
        }

        Assert.Contains(
            "'0' has a weight that is NaN",
            Assert.Throws<InvalidDataException>(() => LipschitzBounds.Compute(nn.Sequential(linear), new(4))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        manual_seed(50);
        using var network = RandomNetworks.Create(0).Network;
        network.train();
        LipschitzBounds.Compute(network, new(2, 7, 6));
        Assert.Equal(0, LiveTensors.LeftBy(() => LipschitzBounds.Compute(network, new(2, 7, 6))));
        Assert.True(network.training);
    }

    [Fact]
    public void It_can_be_cancelled()
    {
        using var network = RandomNetworks.Create(0).Network;
        Assert.Throws<OperationCanceledException>(
            () => LipschitzBounds.Compute(network, new(2, 7, 6), new CancellationToken(canceled: true)));
    }

    private static void AssertWithin(LipschitzBounds bounds, Tensor change, Tensor distance)
    {
        const double Slack = 1 + 1e-9; // Of the double-precision network itself.
        Assert.True((change.abs().amax([1]) / distance).max().item<double>() <= bounds.Scores.Value * Slack);
        Assert.True((change.square().sum(1).sqrt() / distance).max().item<double>() <= bounds.Euclidean.Value * Slack);
        for (var i = 0; i < bounds.ClassCount; i++)
        {
            for (var j = 0; j < bounds.ClassCount; j++)
            {
                Assert.True(
                    ((change.select(1, i) - change.select(1, j)).abs() / distance).max().item<double>() <= bounds.Pair(i, j).Value * Slack);
            }
        }
    }

    private static void AssertJustAbove(double truth, UpperBound bound) =>
        Assert.InRange(bound.Value, truth * (1 - 1e-12), (truth * (1 + 1e-6)) + 1e-12);
}

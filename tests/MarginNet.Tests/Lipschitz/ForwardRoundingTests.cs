using MarginNet.Bounds;
using MarginNet.Certificates;
using MarginNet.Lipschitz;
using MarginNet.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using BlockedSums = MarginNet.Graph.Operations.BlockedSums;

namespace MarginNet.Tests.Lipschitz;

public sealed class ForwardRoundingTests
{
    /// <summary>Factors of all weights and biases, from tame to absurd.</summary>
    public static TheoryData<double, double> Scales =>
        new() { { 1, 1 }, { 1, 1e5 }, { 1e4, 1e-3 }, { 1e-6, 1 }, { 1e-18, 1e-30 }, { 1e8, 1e7 }, { 1e-3, 3e4 } };

    [Theory]
    [MemberData(nameof(Scales))]
    public void No_score_in_float32_is_further_from_that_of_the_same_weights_in_float64_than_the_bound(double weights, double biases)
    {
        using var inference = no_grad();
        for (var trial = 0; trial < 40; trial++)
        {
            using var scope = NewDisposeScope();
            manual_seed(trial);
            var (network, input) = RandomNetworks.Create(trial);
            Rescale(network, weights, biases);
            network.to(ScalarType.Float32);
            var distance = Math.Pow(10, (trial % 5) - 3);
            CheckAround(network, input, distance);
            CheckAround(new MirroredNetwork(network), input, distance);
        }
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(1)]
    [InlineData(30)]
    public void Nor_are_those_of_networks_with_residual_layers_and_inputs_that_they_normalize(double scale)
    {
        using var inference = no_grad();
        for (var seed = 0; seed < 6; seed++)
        {
            using var scope = NewDisposeScope();
            manual_seed(seed);
            Classifier[] networks =
            [
                new LipNet(new() { Width = 4 + (9 * seed), ImageSize = (8, 12), OutputScale = 1 + seed, Rectify = seed % 2 == 1 }),
                new OrthogonalNet(new() { Width = 4 + (9 * seed), ImageSize = (8, 16), OutputScale = 1 + seed, Rectify = seed % 2 == 1 }),
                new LiResNet(new() { Width = 4 + (9 * seed), ImageSize = (8, 12), OutputScale = 1 + seed, Rectify = seed % 2 == 1 }),
                new ResNet18(new() { Width = 2, OutputScale = 3 }),
                new FastNet(new() { Width = 3, Rectify = true }),
            ];
            foreach (var network in networks)
            {
                Rescale(network, scale, scale);
                foreach (var normalization in network.modules().OfType<BatchNorm>())
                {
                    normalization.running_mean!.normal_().mul_(100 * scale);
                    normalization.running_var!.uniform_(0.1, 2);
                }

                network.eval();
                var input = network switch
                {
                    LipNet or LiResNet => new(3, 8, 12),
                    OrthogonalNet => new(3, 8, 16),
                    _ => new FeatureShape(3, 9, 9),
                };
                CheckAround(network, input, 0.1);
                CheckAround(new MirroredNetwork(network), input, 0.1);
            }
        }
    }

    [Theory]
    [InlineData(1e7, 0.6f)]
    [InlineData(3e6, 0.9f)]
    [InlineData(1e5, 0.52f)]
    public void A_cancellation_inside_a_network_is_seen(double bias, float at)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var network = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2));
        Set(network, [1], [bias], [1, 0], [-bias, 0.5]);
        var radius = Certify(network, new(1), [at]);
        Assert.True(radius.RadiusBeforeRounding > 0.01); // The two scores cross at 0.5 alone.
        Assert.InRange(radius.Radius, 0, at - 0.5);
        AssertNoFlip(network, at, radius);
    }

    [Fact]
    public void A_float32_grid_finds_no_other_decision_inside_a_certified_interval()
    {
        using var inference = no_grad();
        var (certified, costly) = (0, 0);
        for (var trial = 0; trial < 200; trial++)
        {
            using var scope = NewDisposeScope();
            manual_seed(trial);
            var network = RandomNetworks.Dense(1, 6, 5, 3);
            Rescale(network, 1, Math.Pow(10, trial % 9));
            var x = (float)((trial * 0.37 % 2) - 1);
            // What the large biases added is taken off again.
            ((Linear)network.children().Last()).bias!.sub_(network.forward(tensor(new[] { x }).unsqueeze(0))[0]).add_(randn(3));
            var radius = Certify(network, new(1), [x]);
            certified += radius.Radius > 0 ? 1 : 0;
            costly += radius.Radius < 0.9 * radius.RadiusBeforeRounding ? 1 : 0;
            AssertNoFlip(network, x, radius);
        }

        Assert.True(certified is > 100 and < 200 && costly > 20, $"{certified} certified, {costly} at a cost");
    }

    [Fact]
    public void A_batch_norm_with_a_large_mean_takes_its_cancellation_off_the_radius()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(3);
        var network = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2), nn.Linear(2, 2));
        var normalization = (BatchNorm)network.children().ElementAt(1);
        normalization.running_mean!.fill_(3e4);
        var first = (Linear)network.children().First();
        first.weight!.fill_(1);
        first.bias!.fill_(3e4);
        var last = (Linear)network.children().Last();
        last.weight!.copy_(eye(2) - 0.5f);
        last.bias!.zero_();
        last.weight![1].neg_();
        last.bias![0].fill_(0.01f);
        network.eval();
        var smaller = 0;
        for (var i = 0; i < 2_000; i++)
        {
            var x = (i - 1000) * 1.1e-5f;
            var radius = Certify(network, new(1), [x]);
            smaller += radius.Radius < 0.9 * radius.RadiusBeforeRounding ? 1 : 0;
            if (i % 50 == 0)
            {
                AssertNoFlip(network, x, radius);
            }
        }

        Assert.True(smaller > 1_000, $"{smaller} of 2,000");
    }

    [Fact]
    public void Equal_rows_of_the_last_layer_have_a_finite_radius_in_which_scores_do_not_tie()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var network = nn.Sequential(nn.Linear(1, 2));
        Set(network, [1, 1], [0.5, 0]);
        var radius = Certify(network, new(1), [0]);
        Assert.InRange(radius.Radius, 1e3, Math.ScaleB(1, 23));
        Assert.True(radius.RadiusBeforeRounding > 1e9);
        AssertNoFlip(network, 0, radius);
        Assert.Equal(
            0, network.forward(tensor(new[] { (float)radius.Radius, (float)-radius.Radius }).reshape(2, 1)).argmax(1).sum().item<long>());
    }

    [Fact]
    public void What_overflows_certifies_nothing()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var network = nn.Sequential(nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2));
        Set(network, [3e38], [0], [1, -1], [1, 0]);
        Assert.Equal(0, Certify(network, new(1), [0.9f]).Radius);
        var reach = Certify(network, new(1), [0.1f]).Radius;
        Assert.InRange(reach, 0, 1.04); // Beyond it a hidden number may be infinite.
    }

    [Fact]
    public void A_tame_network_loses_next_to_nothing_and_in_double_precision_less_still()
    {
        using var scope = NewDisposeScope();
        manual_seed(5);
        using var network = new LipNet(new() { Width = 8, ImageSize = (8, 8) });
        network.eval();
        var images = rand(20, 3, 8, 8);
        var single = Costs(network, images, ScalarType.Float32);
        var precise = Costs(network, images, ScalarType.Float64);
        Assert.All(single, cost => Assert.InRange(cost, 1e-9, 1e-3));
        Assert.All(precise, cost => Assert.InRange(cost, 0, 1e-9));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(30)]
    public void A_convolution_in_blocks_is_a_convolution(int channels)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        var (images, kernel) = (randn(2, channels, 5, 4, dtype: ScalarType.Float64), randn(3, channels, 3, 3, dtype: ScalarType.Float64));
        Assert.True(BlockedSums.Convolve(images, kernel, 1).allclose(nn.functional.conv2d(images, kernel, padding: [1, 1]), 1e-12, 1e-12));
    }

    [Fact]
    public void A_half_precision_network_is_refused()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(nn.Linear(2, 2));
        network.to(ScalarType.Float16);
        Assert.Contains(
            "Float16",
            Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(network, new(2))).Message,
            StringComparison.Ordinal);
    }

    /// <summary>Compares both precisions at an input, at random ones near it, and where a difference of scores falls fastest;
    /// in two memory orders.</summary>
    private static void CheckAround(nn.Module<Tensor, Tensor> network, FeatureShape input, double distance)
    {
        var bounds = LipschitzBounds.Compute(network, input);
        using var precise = Precise(network);
        using var trusted = new TrustedNetwork(network, NetworkUse.Scores);
        var x = rand(1, input.Channels, input.Height, input.Width);
        var length = bounds.Forward.Length<float>(x.flatten().data<float>().ToArray());
        var gradient = ScoreGradients.Compute(network, x)[0];
        var steepest = (gradient[1] - gradient[0]).reshape(x.shape);
        var around = cat([x, x + Scaled(randn(6, input.Channels, input.Height, input.Width), distance), x + Scaled(steepest, distance),
            x - Scaled(steepest, distance)]);
        foreach (var points in new[] { around, around.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) })
        {
            var error = trusted.Call(points).to(ScalarType.Float64) - precise.call(points.to(ScalarType.Float64));
            var differences = (error.unsqueeze(1) - error.unsqueeze(2)).abs();
            for (var k = 0; k < points.shape[0]; k++)
            {
                var moved = (points[k].to(ScalarType.Float64) - x[0].to(ScalarType.Float64)).norm().item<double>();
                for (var i = 0; i < bounds.ClassCount; i++)
                {
                    for (var j = 0; j < i; j++)
                    {
                        var (here, slope) = bounds.Forward.Pair(i, j, length);
                        var seen = differences[k, i, j].item<double>();
                        Assert.True(
                            seen <= here + (slope * moved) || !(moved < bounds.Forward.Reach(length)),
                            $"{seen} > {here} + {slope} * {moved}");
                    }
                }
            }
        }
    }

    /// <summary>The network with the same weights in float64: the blocks of LipNet's own layers are of no matter there.</summary>
    private static nn.Module<Tensor, Tensor> Precise(nn.Module<Tensor, Tensor> network)
    {
        if (network is MirroredNetwork { Network: var each })
        {
            return new MirroredNetwork(Precise(each));
        }

        nn.Module<Tensor, Tensor> copy = network switch
        {
            LipNet lip => new LipNet((LipNetOptions)lip.Options),
            OrthogonalNet orthogonal => new OrthogonalNet((OrthogonalNetOptions)orthogonal.Options),
            LiResNet residual => new LiResNet((LiResNetOptions)residual.Options),
            ResNet18 resnet => new ResNet18((ResNetOptions)resnet.Options),
            FastNet fast => new FastNet((FastNetOptions)fast.Options),
            _ => network,
        };
        if (copy == network)
        {
            return new Upcast((Sequential)network);
        }

        copy.load_state_dict(network.state_dict(), strict: false);
        copy.to(ScalarType.Float64);
        copy.eval();
        return copy;
    }

    private static double[] Costs(LipNet network, Tensor images, ScalarType type)
    {
        using var inference = no_grad();
        network.to(type);
        var bounds = LipschitzBounds.Compute(network, new(3, 8, 8));
        var scores = network.forward(images.to(type)).to(ScalarType.Float64);
        return
        [
            .. Enumerable.Range(0, (int)images.shape[0]).Select(i =>
            {
                var input = images[i].flatten();
                var radius = type == ScalarType.Float32
                    ? CertifiedRadius.Compute(scores[i].to(type).data<float>().ToArray(), input.data<float>().ToArray(), bounds)
                    : CertifiedRadius.Compute(scores[i].data<double>().ToArray(), input.to(type).data<double>().ToArray(), bounds);
                return radius.RadiusBeforeRounding - radius.Radius;
            }),
        ];
    }

    private static CertifiedRadius Certify(nn.Module<Tensor, Tensor> network, FeatureShape input, float[] x)
    {
        using var scores = network.call(tensor(x).unsqueeze(0));
        return CertifiedRadius.Compute(scores.data<float>().ToArray(), x, LipschitzBounds.Compute(network, input));
    }

    private static void AssertNoFlip(nn.Module<Tensor, Tensor> network, float x, CertifiedRadius radius)
    {
        using var scope = NewDisposeScope();
        var offsets = linspace(-1, 1, 4_001, dtype: ScalarType.Float64) * Math.Min(radius.Radius, 1e30);
        var points = (offsets + (double)x).to(ScalarType.Float32);
        var inside = (points.to(ScalarType.Float64) - (double)x).abs() < radius.Radius;
        var scores = network.call(points.unsqueeze(1));
        Assert.Equal(0, scores.argmax(1).ne(radius.PredictedClass).logical_and(inside).sum().item<long>());
    }

    private static Tensor Scaled(Tensor directions, double distance) =>
        directions * (distance / directions.flatten(1).norm(1).clamp_min(1e-30).reshape(-1, 1, 1, 1));

    private static void Rescale(nn.Module network, double weights, double biases)
    {
        foreach (var (name, parameter) in network.named_parameters())
        {
            parameter.mul_(name.EndsWith("bias", StringComparison.Ordinal) ? biases : weights);
        }
    }

    /// <summary>Fills the parameters in their order.</summary>
    private static void Set(nn.Module network, params double[][] values)
    {
        foreach (var (parameter, value) in network.parameters().Zip(values))
        {
            parameter.copy_(tensor(value).reshape(parameter.shape));
        }
    }

    /// <summary>The layers of a network, computed in float64 one after the other; its weights stay as they are.</summary>
    private sealed class Upcast : nn.Module<Tensor, Tensor>
    {
        private readonly Sequential _network;

        public Upcast(Sequential network)
            : base(nameof(Upcast)) => _network = network;

        public override Tensor forward(Tensor input)
        {
            try
            {
                _network.to(ScalarType.Float64);
                return _network.forward(input);
            }
            finally
            {
                _network.to(ScalarType.Float32); // Float32 numbers survive the way there and back.
            }
        }
    }
}

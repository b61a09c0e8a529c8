using MarginNet.Lipschitz;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

public sealed class CleverTests
{
    private static readonly CleverOptions Few = new() { Samples = 16, Batches = 12, Radius = 1 };

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Of_a_linear_network_it_is_the_norm_of_the_difference_of_rows_and_nothing_is_fitted(ScalarType type)
    {
        using var scope = NewDisposeScope();
        manual_seed(91);
        var linear = nn.Linear(6, 4, dtype: type);
        var clever = Clever.Compute(nn.Sequential(linear), randn(1, 6, dtype: type), Few with { Radius = 0.01 });
        Assert.Equal(3, clever.Pairs.Length);
        foreach (var pair in clever.Pairs)
        {
            var expected = (linear.weight![clever.PredictedClass] - linear.weight![pair.Rival]).to(ScalarType.Float64)
                .norm()
                .item<double>();
            Assert.Equal(expected, pair.Lipschitz.Value, 1e-6 * expected);
            Assert.Equal(pair.SampleMaximum.Value, pair.Lipschitz.Value);
            Assert.Equal(CleverSource.EqualMaxima, pair.Source);
            Assert.Null(pair.Fit);
            Assert.True(double.IsNaN(pair.PValue));
            Assert.Equal(Math.Min(0.01, pair.Margin / expected), pair.Radius, 1e-8);
        }

        Assert.Equal(clever.Pairs.Min(pair => pair.Radius), clever.Radius);
        Assert.Equal(clever.Radius, clever.Nearest.Radius);
    }

    [Fact]
    public void A_largest_gradient_drawn_is_below_the_estimate_and_below_what_is_proven()
    {
        for (var trial = 0; trial < 16; trial++)
        {
            using var scope = NewDisposeScope();
            manual_seed(92 + trial);
            var (network, input) = RandomNetworks.Create(trial);
            var upper = LipschitzBounds.Compute(network, input);
            var clever = Clever.Compute(network, randn(1, 2, 7, 6, dtype: ScalarType.Float64), Few);
            foreach (var pair in clever.Pairs)
            {
                Assert.InRange(pair.SampleMaximum.Value, 0, upper.Pair(clever.PredictedClass, pair.Rival).Value * (1 + 1e-9));
                Assert.True(pair.Lipschitz.Value >= pair.SampleMaximum.Value);
                Assert.Equal(pair.Source == CleverSource.Fit, pair.Lipschitz.Value > pair.SampleMaximum.Value);
                Assert.True(pair.Radius <= Few.Radius);
            }
        }
    }

    [Fact]
    public void Of_a_smooth_network_the_fitted_end_point_is_near_the_largest_slope_in_the_ball()
    {
        using var scope = NewDisposeScope();
        // f = (sigmoid(x), 0) of one number: the slope is s(1 − s), largest at the end of the interval [−3, −1] near 0.
        var network = nn.Sequential(
            nn.Linear(1, 1, dtype: ScalarType.Float64), nn.Sigmoid(), nn.Linear(1, 2, hasBias: false, dtype: ScalarType.Float64));
        using (no_grad())
        {
            var (first, last) = ((Linear)network.children().First(), (Linear)network.children().Last());
            first.weight!.fill_(1);
            first.bias!.fill_(0);
            last.weight!.copy_(tensor(new double[,] { { 1 }, { 0 } }));
        }

        var clever = Clever.Compute(network, full(1, 1, -2, dtype: ScalarType.Float64), new() { Samples = 64, Batches = 200, Radius = 1 });
        var slope = 1 / (1 + Math.E) * (1 - (1 / (1 + Math.E)));
        Assert.Equal(slope, clever.Nearest.SampleMaximum.Value, 2e-4);
        Assert.InRange(clever.Nearest.Lipschitz.Value, clever.Nearest.SampleMaximum.Value, slope + 2e-3);
    }

    [Fact]
    public void The_same_seed_gives_the_same_estimates_and_passes_of_another_size_hardly_others()
    {
        using var scope = NewDisposeScope();
        var (network, _) = RandomNetworks.Create(1);
        var x = randn(1, 2, 7, 6, dtype: ScalarType.Float64);
        var (one, same) = (Clever.Compute(network, x, Few), Clever.Compute(network, x, Few));
        Assert.Equal(one.Pairs.AsEnumerable(), same.Pairs.AsEnumerable());
        var parted = Clever.Compute(network, x, Few with { BatchSize = 5 });
        Assert.All(
            one.Pairs.Zip(parted.Pairs), pair => Assert.Equal(pair.First.SampleMaximum.Value, pair.Second.SampleMaximum.Value, 1e-9));
        Assert.NotEqual(one.Nearest.SampleMaximum, Clever.Compute(network, x, Few with { Seed = 1 }).Nearest.SampleMaximum);
        Assert.True(Clever.Compute(network, x, Few with { Batches = 24 }).Nearest.SampleMaximum.Value >= one.Pairs.Single(
            pair => pair.Rival == one.Nearest.Rival).SampleMaximum.Value
            || one.Nearest.Rival != Clever.Compute(network, x, Few with { Batches = 24 }).Nearest.Rival);
    }

    [Fact]
    public void A_constant_network_is_given_the_whole_ball_and_a_tie_nothing()
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(3, 3, dtype: ScalarType.Float64);
        using (no_grad())
        {
            linear.weight!.fill_(0);
            linear.bias!.copy_(tensor(new double[] { 2, 2, 1 }));
        }

        var clever = Clever.Compute(nn.Sequential(linear), zeros(1, 3, dtype: ScalarType.Float64), Few);
        Assert.Equal(0, clever.PredictedClass);
        Assert.Equal([0.0, 1.0], clever.Pairs.Select(pair => pair.Radius));
        Assert.Equal(1, clever.Nearest.Rival);
        Assert.Equal(0, clever.Radius);
        Assert.All(clever.Pairs, pair => Assert.Equal((0, CleverSource.EqualMaxima), (pair.Lipschitz.Value, pair.Source)));
    }

    [Fact]
    public void Maxima_that_are_few_or_refused_leave_the_largest()
    {
        // Two heaps: no reverse Weibull.
        double[] maxima = [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? 1 + (1e-3 * i / 200) : 2 - (1e-3 * i / 200))];
        var pair = CleverPair.Of(1, 1, maxima, new());
        Assert.True(pair.Source is CleverSource.RefusedFit or CleverSource.NoFit);
        Assert.Equal(maxima.Max(), pair.Lipschitz.Value);
        Assert.Equal(CleverSource.FewMaxima, CleverPair.Of(1, 1, [1, 2, 3, 4, 5, 6, 7, 8, 9], new()).Source);
        double[] smooth = [.. Enumerable.Range(0, 100).Select(i => 2 - Math.Pow(-Math.Log((i + 0.5) / 100), 1 / 3.0))];
        var fitted = CleverPair.Of(1, 1, smooth, new());
        Assert.Equal(CleverSource.Fit, fitted.Source);
        Assert.Equal(2, fitted.Lipschitz.Value, 0.05);
        Assert.True(fitted.PValue > 0.9);
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        using var network = RandomNetworks.Create(0).Network;
        network.train();
        using var x = randn(1, 2, 7, 6, dtype: ScalarType.Float64);
        Clever.Compute(network, x, Few);
        Assert.Equal(0, LiveTensors.LeftBy(() => Clever.Compute(network, x, Few)));
        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Fact]
    public void What_cannot_be_estimated_is_refused()
    {
        using var scope = NewDisposeScope();
        var network = nn.Sequential(nn.Linear(3, 2, dtype: ScalarType.Float64));
        var x = zeros(1, 3, dtype: ScalarType.Float64);
        CleverOptions[] wrong =
        [
            new() { Samples = 0 },
            new() { Batches = 0 },
            new() { BatchSize = 0 },
            new() { Radius = 0 },
            new() { Radius = double.PositiveInfinity },
            new() { Significance = double.NaN },
        ];
        Assert.All(wrong, options => Assert.Throws<ArgumentOutOfRangeException>(() => Clever.Compute(network, x, options)));
        Assert.Throws<ArgumentException>(() => Clever.Compute(network, zeros(2, 3, dtype: ScalarType.Float64), Few));
        Assert.Throws<ArgumentException>(() => Clever.Compute(nn.Sequential(nn.Linear(3, 1, dtype: ScalarType.Float64)), x, Few));
        Assert.Throws<InvalidDataException>(() => Clever.Compute(network, x / 0, Few));
        Assert.Throws<OperationCanceledException>(() => Clever.Compute(network, x, Few, new CancellationToken(canceled: true)));
    }
}

using MarginNet.Lipschitz;
using static TorchSharp.torch;

namespace MarginNet.Tests.Lipschitz;

public sealed class LowerBoundTests
{
    [Fact]
    public void No_lower_bound_is_above_the_upper_bound_of_the_same_constant()
    {
        manual_seed(71);
        for (var trial = 0; trial < 64; trial++)
        {
            using var scope = NewDisposeScope();
            var (network, input) = RandomNetworks.Create(trial);
            var upper = LipschitzBounds.Compute(network, input);
            var lower = LipschitzLowerBounds.Compute(
                network, randn(6, 2, 7, 6, dtype: ScalarType.Float64), upper.IsCentered, ascentSteps: 5);
            Assert.InRange(lower.Scores.Value, 0, upper.Scores.Value * (1 + 1e-9));
            Assert.InRange(lower.Euclidean.Value, 0, upper.Euclidean.Value * (1 + 1e-9));
            for (var i = 0; i < upper.ClassCount; i++)
            {
                for (var j = 0; j < upper.ClassCount; j++)
                {
                    Assert.InRange(lower.Pair(i, j).Value, 0, upper.Pair(i, j).Value * (1 + 1e-9));
                }
            }
        }
    }

    [Fact]
    public void Of_a_linear_network_both_bounds_meet()
    {
        using var scope = NewDisposeScope();
        manual_seed(72);
        var network = nn.Sequential(nn.Linear(6, 4, dtype: ScalarType.Float64));
        var upper = LipschitzBounds.Compute(network, new(6));
        var lower = LipschitzLowerBounds.Compute(network, randn(3, 6, dtype: ScalarType.Float64));
        Assert.Equal(upper.Scores.Value, lower.Scores.Value, 1e-6 * upper.Scores.Value);
        Assert.Equal(upper.Euclidean.Value, lower.Euclidean.Value, 1e-6 * upper.Euclidean.Value);
        Assert.Equal(upper.Pair(1, 3).Value, lower.Pair(1, 3).Value, 1e-6 * upper.Scores.Value);
    }

    [Theory]
    [InlineData(1e-200)]
    [InlineData(1e200)]
    public void Of_a_network_of_any_size_both_bounds_meet(double size)
    {
        using var scope = NewDisposeScope();
        var linear = nn.Linear(3, 3, dtype: ScalarType.Float64);
        using (no_grad())
        {
            linear.weight.copy_(size * eye(3, dtype: ScalarType.Float64));
        }

        var network = nn.Sequential(linear);
        var (upper, lower) =
            (LipschitzBounds.Compute(network, new(3)), LipschitzLowerBounds.Compute(network, zeros(1, 3, dtype: ScalarType.Float64)));
        Assert.InRange(lower.Scores.Value / upper.Scores.Value, 1 - 1e-6, 1 + 1e-9);
        Assert.InRange(lower.Euclidean.Value / upper.Euclidean.Value, 1 - 1e-6, 1 + 1e-9);
        Assert.InRange(lower.Pair(0, 1).Value / upper.Pair(0, 1).Value, 1 - 1e-6, 1 + 1e-9);
    }

    [Fact]
    public void Gradients_are_those_of_finite_differences()
    {
        using var scope = NewDisposeScope();
        manual_seed(73);
        var (network, _) = RandomNetworks.Create(1);
        network.train();
        var x = randn(3, 2, 7, 6, dtype: ScalarType.Float64);
        var gradients = ScoreGradients.Compute(network, x);
        Assert.Equal([3, 3, 84], gradients.shape);
        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
        network.eval();
        using var inference = no_grad();
        var direction = randn(3, 2, 7, 6, dtype: ScalarType.Float64);
        var expected = (network.forward(x + (1e-6 * direction)) - network.forward(x - (1e-6 * direction))) / 2e-6;
        Assert.True(gradients.bmm(direction.flatten(1).unsqueeze(2)).squeeze(2).allclose(expected, 1e-5, 1e-6));
    }

    [Fact]
    public void Ascent_finds_faster_changes_than_the_gradients_at_the_inputs()
    {
        using var scope = NewDisposeScope();
        manual_seed(74);
        var network = nn.Sequential(nn.Linear(4, 1, dtype: ScalarType.Float64), nn.ReLU(), nn.Linear(1, 2, dtype: ScalarType.Float64));
        using (no_grad())
        {
            foreach (var linear in network.children().OfType<TorchSharp.Modules.Linear>())
            {
                linear.weight!.copy_(
                    linear.out_features == 1 ? ones(1, 4, dtype: ScalarType.Float64) : tensor(new double[,] { { 1 }, { -1 } }));
                linear.bias!.fill_(0);
            }
        }

        var x = full(1, 4, 0.02, dtype: ScalarType.Float64) * -1; // Closed, but a step away from where the gate opens.
        Assert.Equal(0, LipschitzLowerBounds.Compute(network, x, ascentSteps: 0).Pair(0, 1).Value);
        var open = LipschitzLowerBounds.Compute(network, -x, ascentSteps: 10);
        Assert.Equal(4, open.Pair(0, 1).Value, 1e-9);
        var joined = LipschitzLowerBounds.Compute(network, x, ascentSteps: 0).Max(open);
        Assert.Equal(open.Scores, joined.Scores);
        Assert.Throws<ArgumentOutOfRangeException>(() => LipschitzLowerBounds.Compute(network, x, ascentSteps: -1));
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        using var network = RandomNetworks.Create(0).Network;
        using var x = randn(3, 2, 7, 6, dtype: ScalarType.Float64);
        LipschitzLowerBounds.Compute(network, x);
        Assert.Equal(0, LiveTensors.LeftBy(() => LipschitzLowerBounds.Compute(network, x)));
    }
}

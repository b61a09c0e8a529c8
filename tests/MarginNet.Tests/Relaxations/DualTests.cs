using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Relaxations;
using MarginNet.Tests.Lipschitz;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Fast-Lin is the dual network of Wong and Kolter, "Provable defenses against adversarial examples via the convex outer
/// adversarial polytope" (2018), which is written here from their theorem 1 and section 3.</summary>
public sealed class DualTests
{
    [Theory]
    [InlineData(true, 0.3)]
    [InlineData(true, 1)]
    [InlineData(false, 0.6)]
    [InlineData(false, 2)]
    public void Fast_Lin_is_the_dual_of_Wong_and_Kolter(bool isBox, double radius)
    {
        using var scope = NewDisposeScope();
        using var network = RandomNetworks.Dense(6, 14, 11, 9, 4);
        network.to(ScalarType.Float64);
        Linear[] layers = [.. network.children().OfType<Linear>()];
        var x = rand(1, 6, ScalarType.Float64);
        using var relaxed = RelaxedGraph.Of(ModuleReader.Read(network, new FeatureShape(6)), ScalarType.Float64);
        InputSet set = isBox ? new BoxSet(x - radius, x + radius)
            : new BallSet(x, full(1, radius, dtype: ScalarType.Float64), isEuclidean: true, isCut: false);
        using var bounds = new BoundPropagation(relaxed, set, RoundingModel.None);
        var choices = new Choices { Rule = SlopeRule.Parallel };
        bounds.Refine(choices);
        var rows = eye(4, dtype: ScalarType.Float64) - eye(4, dtype: ScalarType.Float64).roll(1, 0);
        var found = bounds.Lower(relaxed.Output, rows.unsqueeze(1), choices).flatten();

        var inputs = new List<Interval>(); // Of each ReLU.
        var value = new Interval(x[0] - radius, x[0] + radius);
        foreach (var layer in layers[..^1])
        {
            var weight = layer.weight!;
            var center = weight.mv((value.Lower + value.Upper) / 2) + layer.bias!;
            var spread = weight.abs().mv((value.Upper - value.Lower) / 2);
            var own = new Interval(center - spread, center + spread);
            var each = eye(weight.shape[0], dtype: ScalarType.Float64);
            var isOpen = own.Lower.lt(0).logical_and(own.Upper.gt(0));
            own = new(
                where(isOpen, own.Lower.maximum(Dual(inputs.Count + 1, each)), own.Lower),
                where(isOpen, own.Upper.minimum(-Dual(inputs.Count + 1, -each)), own.Upper));
            inputs.Add(own);
            value = new(own.Lower.relu(), own.Upper.relu());
        }

        var expected = Dual(layers.Length, rows);
        Assert.True((found - expected).abs().max().item<double>() < 1e-9);
        Assert.True(inputs.Sum(interval => interval.Lower.lt(0).logical_and(interval.Upper.gt(0)).sum().item<long>()) > 0);

        // J of eq. (5) with −c the rows: the least of rows · z for z behind so many layers.
        Tensor Dual(int depth, Tensor functions)
        {
            var nu = -functions; // ν of the last layer, one function to a row.
            var objective = zeros(functions.shape[0], dtype: ScalarType.Float64);
            for (var i = depth - 1; i >= 0; i--)
            {
                objective = objective - nu.mv(layers[i].bias!);
                var hat = nu.mm(layers[i].weight!);
                if (i == 0)
                {
                    return objective - hat.mv(x[0]) - (radius * (isBox ? hat.abs().sum(1) : hat.norm(1)));
                }

                var (lower, upper) = (inputs[i - 1].Lower, inputs[i - 1].Upper);
                var isOpen = lower.ge(0).to(ScalarType.Float64);
                var isBetween = lower.lt(0).logical_and(upper.gt(0)).to(ScalarType.Float64);
                var share = (upper / (upper - lower)).nan_to_num(0);
                nu = hat * (isOpen + (isBetween * share)); // D of theorem 1 with α = u/(u − l).
                objective = objective + (nu.clamp_min(0) * lower * isBetween).sum(1);
            }

            return objective;
        }
    }
}

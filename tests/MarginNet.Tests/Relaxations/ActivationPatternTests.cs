using MarginNet.Bounds;
using MarginNet.Graph.Modules;
using MarginNet.Relaxations;
using MarginNet.Tests.Lipschitz;
using MarginNet.Verification;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Tiny networks, whose least scores are found by going through all activation patterns.</summary>
public sealed class ActivationPatternTests
{
    /// <summary>
    /// In each pattern the network is affine and the inputs of the pattern are a polygon, at a corner of which its least is.
    /// Corners are where two of the lines cross that bound patterns and the box.
    /// </summary>
    [Theory]
    [InlineData(0.2, 4, 3)]
    [InlineData(0.5, 5, 3)]
    [InlineData(2.0, 8)]
    public void Bounds_are_below_the_least_of_all_patterns_and_a_proof_is_found_where_that_is_positive(double radius, params int[] hidden)
    {
        for (var trial = 0; trial < 2; trial++)
        {
            using var scope = NewDisposeScope();
            using var network = RandomNetworks.Dense([2, .. hidden, 2]);
            network.to(ScalarType.Float64);
            using var none = no_grad();
            var center = rand(1, 2, ScalarType.Float64);
            var graph = ModuleReader.Read(network, new FeatureShape(2));
            using var fast = RelaxedGraph.Of(graph, ScalarType.Float32);
            using var precise = RelaxedGraph.Of(graph, ScalarType.Float64);
            var set = new BoxSet(center - radius, center + radius);
            var row = tensor([1.0, -1.0]).unsqueeze(0);
            var least = Least([.. network.children().OfType<Linear>()], center, radius);

            BoundPropagation Bounds(RelaxedGraph of, InputSet inputs, RoundingModel rounding)
            {
                var found = new BoundPropagation(of, inputs, rounding);
                found.Refine(new());
                return found;
            }

            using var bounds = Bounds(precise, set, RoundingModel.Exact);
            var lower = bounds.Lower(precise.Output, row.unsqueeze(1), new());
            Assert.True(lower.item<double>() <= least + 1e-12);
            var (best, _) = ChoiceOptimizer.Run(
                bounds, precise.Output, row.unsqueeze(1), ChoiceOptimizer.Start(bounds, precise.Output, 1), new(Enough: double.MaxValue));
            Assert.True(best.item<double>() <= least + 1e-12);

            foreach (var height in new[] { -1e-3, 2e-3, 0.1 })
            {
                using var search = Bounds(fast, set.To(ScalarType.Float32), RoundingModel.None);
                var splitting = new NeuronSplitting(
                    search, () => Bounds(precise, set, RoundingModel.Exact).DetachFromDisposeScope(), row, tensor([height - least]), new(),
                    () => false);
                Assert.Equal(height > 0, splitting.Prove());
            }
        }
    }

    private static double Least(Linear[] layers, Tensor center, double radius)
    {
        var (weights, biases) = (Array.ConvertAll(layers, layer => layer.weight!), Array.ConvertAll(layers, layer => layer.bias!));
        var hidden = layers[..^1].Sum(layer => (int)layer.weight!.shape[0]);
        var (x0, x1) = (center[0, 0].item<double>(), center[0, 1].item<double>());
        var least = double.PositiveInfinity;
        for (var pattern = 0; pattern < 1 << hidden; pattern++)
        {
            // Lines a·x + b ≥ 0 that bound the pattern, the box among them.
            var lines = new List<(double A0, double A1, double B)>
            {
                (1, 0, radius - x0), (-1, 0, radius + x0), (0, 1, radius - x1), (0, -1, radius + x1),
            };
            var (map, shift, bit) = (eye(2, dtype: ScalarType.Float64), zeros(2, dtype: ScalarType.Float64), 0);
            for (var i = 0; i + 1 < layers.Length; i++)
            {
                (map, shift) = (weights[i].mm(map), weights[i].mv(shift) + biases[i]);
                double[] open = [.. Enumerable.Range(0, (int)shift.shape[0]).Select(_ => (double)(pattern >> bit++ & 1))];
                var (numbers, offsets) = (map.data<double>().ToArray(), shift.data<double>().ToArray());
                lines.AddRange(open.Select((isOpen, k) => (Sign: (2 * isOpen) - 1, k))
                    .Select(each => (each.Sign * numbers[2 * each.k], each.Sign * numbers[(2 * each.k) + 1], each.Sign * offsets[each.k])));
                var gates = tensor(open);
                (map, shift) = (map * gates.unsqueeze(1), shift * gates);
            }

            (map, shift) = (weights[^1].mm(map), weights[^1].mv(shift) + biases[^1]);
            var (slopes, offset) = ((map[0] - map[1]).data<double>().ToArray(), (shift[0] - shift[1]).item<double>());
            for (var i = 0; i < lines.Count; i++)
            {
                for (var j = 0; j < i; j++)
                {
                    var (p, q) = (lines[i], lines[j]);
                    var area = (p.A0 * q.A1) - (p.A1 * q.A0);
                    if (Math.Abs(area) < 1e-12)
                    {
                        continue;
                    }

                    var (u, v) = (((p.A1 * q.B) - (p.B * q.A1)) / area, ((p.B * q.A0) - (p.A0 * q.B)) / area);
                    if (lines.TrueForAll(line => (line.A0 * u) + (line.A1 * v) + line.B >= -1e-9))
                    {
                        least = Math.Min(least, (slopes[0] * u) + (slopes[1] * v) + offset);
                    }
                }
            }
        }

        return least;
    }
}

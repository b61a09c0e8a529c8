using MarginNet.Bounds;
using MarginNet.Graph.Modules;
using MarginNet.Relaxations;
using MarginNet.Tests.Lipschitz;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Laws of local Lipschitz constants.</summary>
public sealed class LocalLipschitzTests
{
    private static readonly double[] Norms = [1, 2, double.PositiveInfinity];

    public static TheoryData<string> Networks => [.. RelaxedCases.Names];

    [Theory]
    [MemberData(nameof(Networks))]
    public void No_gradient_in_the_set_is_longer(string name)
    {
        using var scope = NewDisposeScope();
        var random = new Random(7);
        for (var kind = 0; kind < 6; kind += 2)
        {
            using var trial = NewDisposeScope();
            var graph = RelaxedCases.Create(name, random);
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            var set = RelaxedCases.Set(kind, rand(2, graph.Input.Count.Count, ScalarType.Float64), new[] { 1e-6, 0.01, 0.2 }[kind / 2]);
            using var bounds = new BoundPropagation(relaxed, set, RoundingModel.Exact);
            bounds.Refine(new());
            var rows = eye(relaxed.OutputCount, dtype: ScalarType.Float64);
            rows = (rows - rows.roll(1, 0)).unsqueeze(1);
            var points = RelaxedCases.Points(graph, set, rows);
            foreach (var p in Norms)
            {
                var found = LocalLipschitz.Of(bounds, relaxed.Output, rows, p);
                for (var row = 0; row < found.Length; row++)
                {
                    var lengths = Lengths(RelaxedCases.Scores, points.flatten(0, 1), rows[row, 0], p).reshape(points.shape[0], -1).amax(0);
                    for (var i = 0; i < 2; i++)
                    {
                        Assert.True(double.IsFinite(found[row][i].Value));
                        Assert.True(lengths[i].item<double>() <= found[row][i].Value * (1 + 1e-12), $"{name}, set {kind}, norm {p}");
                    }
                }
            }

            Tensor Lengths(Func<MarginNet.Graph.NetworkGraph, Tensor, Tensor> scores, Tensor images, Tensor row, double p)
            {
                using var gradients = enable_grad();
                var leaf = images.detach().requires_grad_();
                (scores(graph, leaf) * row).sum().backward();
                return p == 1 ? leaf.grad!.abs().amax(-1) : p == 2 ? leaf.grad!.norm(-1) : leaf.grad!.abs().sum(-1);
            }
        }
    }

    [Fact]
    public void Where_every_gate_is_decided_it_is_the_length_of_the_gradient()
    {
        using var scope = NewDisposeScope();
        using var network = RandomNetworks.Dense(8, 20, 15, 3);
        network.to(ScalarType.Float64);
        using var relaxed = RelaxedGraph.Of(ModuleReader.Read(network, new FeatureShape(8)), ScalarType.Float64);
        var image = rand(1, 8, ScalarType.Float64).requires_grad_();
        network.call(image)[0, 1].backward();
        var gradient = image.grad!;
        using var none = no_grad();
        using var bounds = new BoundPropagation(relaxed, RelaxedCases.Set(0, image.detach(), 1e-9), RoundingModel.Exact);
        bounds.Refine(new());
        Assert.All(relaxed.Steps.Where(step => step.Curve is not null), step =>
            Assert.False(step.Curve!.IsUndecided(bounds[step.Data[0]]).any().item<bool>()));
        var row = zeros(1, 1, 3, dtype: ScalarType.Float64);
        row[0, 0, 1] = 1;
        double[] expected = [gradient.abs().max().item<double>(), gradient.norm().item<double>(), gradient.abs().sum().item<double>()];
        Assert.All(Norms.Zip(expected), pair =>
            Assert.Equal(pair.Second, LocalLipschitz.Of(bounds, relaxed.Output, row, pair.First)[0][0].Value, 1e-12 * pair.Second));
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Nowhere_in_a_ball_a_function_is_less_than_its_value_at_the_centre_less_constant_times_radius(string name)
    {
        using var scope = NewDisposeScope();
        var graph = RelaxedCases.Create(name, new Random(9));
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var images = rand(2, graph.Input.Count.Count, ScalarType.Float64);
        var rows = eye(relaxed.OutputCount, dtype: ScalarType.Float64).unsqueeze(1);
        var centers = RelaxedCases.Scores(graph, images).t();
        foreach (var (isEuclidean, p) in new[] { (true, 2.0), (false, 1.0) })
        {
            var set = new BallSet(images, full(2, 0.05, dtype: ScalarType.Float64), isEuclidean, isCut: false);
            Tensor Lower(RoundingModel rounding)
            {
                using var bounds = new BoundPropagation(relaxed, set, rounding);
                bounds.Refine(new());
                return LocalLipschitz.Lower(bounds, relaxed.Output, rows, centers, p, set.Radius);
            }

            var (exact, single) = (Lower(RoundingModel.Exact), Lower(RoundingModel.Single));
            var points = RelaxedCases.Points(graph, set, rows);
            var least = RelaxedCases.Scores(graph, points.flatten(0, 1)).reshape(points.shape[0], 2, -1).amin(0).t();
            Assert.True((exact - least).max().item<double>() <= 1e-12 * centers.abs().max().item<double>());
            Assert.True(exact.isfinite().all().item<bool>());
            Assert.True(single.lt(exact).all().item<bool>()); // What float32 may do comes off.
        }
    }

    [Fact]
    public void It_grows_with_the_set_and_is_infinite_where_nothing_is_known()
    {
        using var scope = NewDisposeScope();
        var graph = RelaxedCases.Create("residual", new Random(8));
        var image = rand(1, graph.Input.Count.Count, ScalarType.Float64);
        double At(double radius)
        {
            using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
            var row = ones(1, 1, relaxed.OutputCount, dtype: ScalarType.Float64);
            using var bounds = new BoundPropagation(relaxed, RelaxedCases.Set(0, image, radius), RoundingModel.Exact);
            bounds.Propagate();
            return LocalLipschitz.Of(bounds, relaxed.Output, row, 2)[0][0].Value;
        }

        double[] constants = [.. new[] { 0, 0.01, 0.1, 1, 100 }.Select(At)];
        Assert.Equal(constants.Order(), constants);
        Assert.True(constants[^1] > constants[0]);
        graph.Parameters.First(parameter => parameter.Value.dim() > 1).Value.fill_(double.NaN);
        Assert.Equal(double.PositiveInfinity, At(0.1));
    }
}

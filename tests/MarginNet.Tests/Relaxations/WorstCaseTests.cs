using MarginNet.Attacks;
using MarginNet.Bounds;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Models;
using MarginNet.Relaxations;
using TorchSharp;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace MarginNet.Tests.Relaxations;

/// <summary>Laws of the worst scores that training by bounds sees.</summary>
public sealed class WorstCaseTests
{
    public static TheoryData<string> Networks => ["convnet", "fastnet", "resnet18", "lipnet"];

    [Theory]
    [MemberData(nameof(Networks))]
    public void No_point_of_the_ball_has_worse_scores(string name)
    {
        using var scope = NewDisposeScope();
        const double Epsilon = 0.01;
        using var network = Create(name, seed: 3);
        network.eval();
        var (images, labels) = (rand(4, 3, 16, 16, ScalarType.Float64), tensor([0L, 1, 2, 1]));
        var (graph, parameters) = Read(network);
        using var bounds = Bound(graph, parameters, images, Epsilon);
        var (byIntervals, byLines) = (bounds.Scores(labels), bounds.LinearScores(labels, SlopeRule.Adaptive));
        var attacked = Pgd.Perturb(network, images, labels, new() { Epsilon = Epsilon, Steps = 5, Restarts = 2 });
        var random = Enumerable.Range(0, 10).Select(_ => images + (Epsilon * ((2 * rand_like(images)) - 1)));
        foreach (var points in random.Append(attacked))
        {
            var scores = network.forward(points.clamp(0, 1));
            var leads = scores - scores.gather(1, labels.unsqueeze(1));
            foreach (var worst in (Tensor[])[byIntervals, byLines])
            {
                Assert.True((worst - leads).min().item<double>() >= -1e-9);
                Assert.True((worst - leads).isfinite().all().item<bool>());
            }
        }

        Assert.Equal(0, byIntervals.gather(1, labels.unsqueeze(1)).abs().max().item<double>(), 1e-9);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void In_a_ball_of_no_radius_they_are_the_scores_in_training_mode_too(string name)
    {
        using var scope = NewDisposeScope();
        using var network = Create(name, seed: 4);
        using var same = Create(name, seed: 4);
        network.train();
        var (images, labels) = (rand(4, 3, 16, 16, ScalarType.Float64), tensor([0L, 1, 2, 1]));
        var graph = ModuleReader.Read(network, new(3, 16, 16));
        var (scores, parameters) = WorstCase.Clean(graph, images, isTraining: true);
        same.train();
        var expected = same.forward(images);
        Assert.Equal(0, (scores - expected).abs().max().item<double>(), 1e-9);
        // The running statistics moved as in the network's own pass.
        foreach (var (one, other) in network.buffers().Zip(same.buffers()).Where(pair => pair.First.is_floating_point()))
        {
            Assert.Equal(0, (one - other).abs().max().ToDouble(), 1e-9);
        }

        using var bounds = Bound(graph, parameters, images, 0);
        var leads = expected - expected.gather(1, labels.unsqueeze(1));
        Assert.Equal(0, (bounds.Scores(labels) - leads).abs().max().item<double>(), 1e-9);
        Assert.Equal(0, (bounds.LinearScores(labels, SlopeRule.Parallel) - leads).abs().max().item<double>(), 1e-9);
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void They_are_the_bounds_that_certify_up_to_what_rounding_may_add(string name)
    {
        using var scope = NewDisposeScope();
        const double Epsilon = 0.02;
        using var network = Create(name, seed: 5);
        network.eval();
        var (images, labels) = (rand(3, 3, 16, 16, ScalarType.Float64), tensor([2L, 0, 1]));
        var (graph, parameters) = Read(network);
        using var bounds = Bound(graph, parameters, images, Epsilon);
        using var relaxed = RelaxedGraph.Of(graph, ScalarType.Float64);
        var box = new BoxSet((images - Epsilon).clamp_min(0).flatten(1), (images + Epsilon).clamp_max(1).flatten(1));
        using var proven = new BoundPropagation(relaxed, box, RoundingModel.Exact);
        proven.Propagate();
        var rows = eye(3, dtype: ScalarType.Float64).index_select(0, labels).unsqueeze(0) - eye(3, dtype: ScalarType.Float64).unsqueeze(1);
        var exact = -proven.Lower(relaxed.Output, rows, new()).t();
        var trained = bounds.LinearScores(labels, SlopeRule.Adaptive);
        var size = exact.abs().max().item<double>();
        Assert.True((exact - trained).min().item<double>() >= -1e-9 * size);
        Assert.Equal(0, (exact - trained).abs().max().item<double>() / size, 1e-6);
        var apart = proven[relaxed.Output].Upper - proven[relaxed.Output].Lower.gather(1, labels.unsqueeze(1));
        var own = nn.functional.one_hot(labels, 3).to(ScalarType.Bool);
        Assert.True((apart - bounds.Scores(labels)).masked_fill(own, 0).min().item<double>() >= -1e-9); // Merging the last layer only helps.
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_weight_of_this_librarys_networks_has_a_gradient_where_biases_are_0_too(string name)
    {
        using var scope = NewDisposeScope();
        using var network = Create(name, seed: 8);
        using (no_grad())
        {
            network.named_parameters().Where(each => each.name.EndsWith("bias", StringComparison.Ordinal)).ToList()
                .ForEach(each => each.parameter.zero_());
        }

        network.train();
        var (images, labels) = (rand(4, 3, 16, 16, ScalarType.Float64), tensor([0L, 1, 2, 1]));
        var graph = ModuleReader.Read(network, new(3, 16, 16));
        var (_, parameters) = WorstCase.Clean(graph, images, isTraining: true);
        foreach (var isLinear in new[] { false, true })
        {
            network.zero_grad(set_to_none: true);
            using var bounds = Bound(graph, parameters, images, 0.01);
            var worst = isLinear ? bounds.LinearScores(labels, SlopeRule.Adaptive) : bounds.Scores(labels);
            nn.functional.cross_entropy(worst, labels).backward(retain_graph: true);
            Assert.All(
                network.named_parameters().Where(each => each.parameter.requires_grad),
                each => Assert.True(each.parameter.grad?.isfinite().all().item<bool>(), each.name));
        }
    }

    [Theory]
    [InlineData("intervals")]
    [InlineData("lines")]
    [InlineData("dual")]
    public void Gradients_in_the_weights_are_those_of_differences(string kind)
    {
        using var scope = NewDisposeScope();
        manual_seed(6);
        using var network = nn.Sequential(
            nn.Conv2d(2, 3, 3, padding: 1), nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 4), nn.ReLU(),
            nn.Linear(4, 3));
        network.to(ScalarType.Float64);
        network.train();
        var (images, labels) = (rand(5, 2, 4, 4, ScalarType.Float64), tensor([0L, 1, 2, 2, 0]));
        Worst().backward();
        Assert.All(network.parameters(), parameter => Assert.NotNull(parameter.grad));
        foreach (var parameter in network.parameters())
        {
            var direction = randn_like(parameter);
            var slope = (parameter.grad! * direction).sum().item<double>();
            const double Step = 1e-6;
            double At(double step)
            {
                using var inference = no_grad();
                parameter.add_(direction, step);
                var value = Worst().item<double>();
                parameter.add_(direction, -step);
                return value;
            }

            Assert.Equal((At(Step) - At(-Step)) / (2 * Step), slope, 1e-5 * (1 + Math.Abs(slope)));
        }

        Tensor Worst()
        {
            var graph = ModuleReader.Read(network, new(2, 4, 4));
            var (_, parameters) = WorstCase.Clean(graph, images, isTraining: true);
            var bounds = Bound(graph, parameters, images, 0.05);
            if (kind == "dual")
            {
                bounds.Refine();
            }

            var worst = kind switch
            {
                "intervals" => bounds.Scores(labels),
                "lines" => bounds.LinearScores(labels, SlopeRule.Adaptive),
                _ => bounds.LinearScores(labels, SlopeRule.Parallel),
            };
            return nn.functional.cross_entropy(worst, labels);
        }
    }

    [Fact]
    public void Initial_weights_neither_widen_boxes_nor_narrow_them()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(7);
        using var network = nn.Sequential(
            [nn.Flatten(), .. Enumerable.Range(0, 6).SelectMany(_ => (nn.Module<Tensor, Tensor>[])[nn.Linear(512, 512), nn.ReLU()])]);
        IntervalInitialization.Apply(network);
        var (graph, parameters) = Read(network, new(512, 1, 1));
        using var bounds = WorstCase.Of(graph, parameters, rand(8, 512) - 0.1, rand(8, 512) + 0.9);
        double[] widths = [.. bounds.CurveInputs.Select(each => (each.Upper - each.Lower).mean().ToDouble())];
        Assert.InRange(widths[^1] / widths[0], 0.5, 2);
    }

    private static Classifier Create(string name, int seed)
    {
        manual_seed(seed);
        Classifier network = name switch
        {
            "convnet" => new ConvNet(new() { Width = 4, ImageSize = (16, 16), ClassCount = 3 }),
            "lipnet" => new LipNet(new() { Width = 4, ImageSize = (16, 16), ClassCount = 3 }),
            "fastnet" => new FastNet(new() { Width = 2, ClassCount = 3 }),
            _ => new ResNet18(new() { Width = 2, ClassCount = 3 }),
        };
        IntervalInitialization.Apply(network);
        using (no_grad())
        {
            foreach (var parameter in network.parameters().Where(parameter => parameter.dim() == 1))
            {
                parameter.add_(randn_like(parameter), 0.2);
            }
        }

        network.to(ScalarType.Float64);
        return network;
    }

    private static (NetworkGraph Graph, Tensor[] Parameters) Read(nn.Module<Tensor, Tensor> network, FeatureShape? input = null)
    {
        var graph = ModuleReader.Read(network, input ?? new(3, 16, 16));
        return (graph, [.. graph.Parameters.Select(parameter => parameter.Value)]);
    }

    private static WorstCase Bound(NetworkGraph graph, Tensor[] parameters, Tensor images, double epsilon) =>
        WorstCase.Of(graph, parameters, (images - epsilon).clamp_min(0), (images + epsilon).clamp_max(1));
}

using MarginNet.Backdoors;
using MarginNet.Data;
using MarginNet.Graph;
using MarginNet.Graph.Modules;
using MarginNet.Lipschitz;
using MarginNet.Losses;
using MarginNet.Margins;
using MarginNet.ModelFiles;
using MarginNet.Models;
using MarginNet.Relaxations;
using MarginNet.Training;
using static TorchSharp.torch;

namespace MarginNet.Tests.Backdoors;

public sealed class ActivationClampTests
{
    private const int Size = 32;
    private const int Target = 3;

    private static readonly ImageSet Clean = SyntheticShapes.Create(0, 60).Test;
    private static readonly ActivationClampOptions Short = new() { Epochs = 8, BatchSize = 30, LearningRate = 0.05 };

    private static double LargestDifference(ScoreMatrix left, ScoreMatrix right) =>
        Enumerable.Range(0, left.Count).Max(i => left[i].ToArray().Zip(right[i].ToArray(), (a, b) => Math.Abs(a - b)).Max());

    [Fact]
    public void Bounds_that_no_activation_reaches_change_no_score()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        using var network = new FastNet(new() { Width = 4 });
        network.eval();
        var (graph, places) = ClampedGraph.Of(ModuleReader.Read(network, new(3, Size, Size)), CPU);
        var images = Clean.ToTensor([0, 1, 2, 3]);
        var scores = graph.Run(images, [.. graph.Parameters.Select(parameter => parameter.Value)]);
        Assert.Equal(7, places.Length); // Whitening, and two in each of three blocks.
        Assert.True(scores.allclose(network.call(images), 1e-4, 1e-5));
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(1)]
    public void It_keeps_the_decisions_that_it_says_it_keeps_and_no_fewer_than_asked_for(double leastKept)
    {
        using var network = new ResNet18(new() { Width = 4 });
        network.Score(Clean);
        var clamp = ActivationClamp.Learn(network, Clean, Short with { LeastKept = leastKept });
        using var clamped = clamp.Network;
        var (before, after) = (network.Score(Clean).Decisions().Item1, clamped.Score(Clean).Decisions().Item1);
        Assert.Equal(before.Zip(after).Average(pair => pair.First == pair.Second ? 1.0 : 0.0), clamp.Kept, 1e-9);
        Assert.InRange(clamp.Kept, leastKept, 1);
        Assert.InRange(clamp.Tightness, 0, 1);
        Assert.Equal(17, clamp.LayerCount); // The stem, and two in each of eight blocks.
    }

    [Fact]
    public void It_is_the_same_at_any_scale_of_the_scores()
    {
        ActivationClamp At(double scale)
        {
            random.manual_seed(5);
            using var network = new FastNet(new() { Width = 4, OutputScale = scale });
            return ActivationClamp.Learn(network, Clean, Short);
        }

        var (one, other) = (At(1), At(1000));
        using var first = one.Network;
        using var second = other.Network;
        Assert.Equal(one.Tightness, other.Tightness, 0.02);
    }

    [Fact]
    public void Between_a_bound_and_zero_gradients_pass_and_elsewhere_they_do_not()
    {
        using var scope = NewDisposeScope();
        var (first, last) = (nn.Linear(6, 20), nn.Linear(20, 3));
        using var network = nn.Sequential(first, nn.ReLU(), last);
        NetworkGraph graph;
        int[] places;
        using (no_grad())
        {
            (graph, places) = ClampedGraph.Of(ModuleReader.Read(network, new(6)), CPU);
        }

        Tensor[] parameters = [.. graph.Parameters.Select(parameter => parameter.Value.detach())];
        var bounds = parameters[places[0]] = rand(1, 20) * 0.5;
        var x = randn(5, 6).requires_grad_();
        graph.Run(x, parameters)[TensorIndex.Colon, 1].sum().backward();

        var activation = first.call(x).detach();
        var isOpen = activation.gt(0).logical_and(activation.lt(bounds)).to(ScalarType.Float32);
        Assert.InRange(isOpen.mean().item<float>(), 0.05, 0.95);
        Assert.True(x.grad!.allclose((isOpen * last.weight![1]).matmul(first.weight!.detach()), 1e-5, 1e-6));
    }

    [Fact]
    public void Saved_and_loaded_it_has_the_same_scores_and_bounds_hold_that_know_the_clamps()
    {
        using var folder = new TemporaryFolder();
        using var network = new FastNet(new() { Width = 4 });
        var clamp = ActivationClamp.Learn(network, Clean, Short with { LeastKept = 0.5 });
        using (var model = new MarginModel(clamp.Network, SyntheticShapes.ClassNames, (Size, Size)))
        {
            model.Save(folder["m.pt"]);
            using var loaded = MarginModel.Load(folder["m.pt"]);
            Assert.Equal(0, LargestDifference(model.Score(Clean), loaded.Score(Clean)));

            using var scope = NewDisposeScope();
            using var inference = no_grad();
            using var relaxed = RelaxedGraph.Of(ModuleReader.Read(loaded.Network, new(3, Size, Size)), ScalarType.Float64);
            var images = Clean.ToTensor([0, 1]).to(ScalarType.Float64);
            var box = new BoxSet((images - 0.05).flatten(1), (images + 0.05).flatten(1));
            using var bounds = new BoundPropagation(relaxed, box, RoundingModel.Exact);
            bounds.Propagate();
            var lower = bounds.Lower(relaxed.Output, eye(10, dtype: ScalarType.Float64).unsqueeze(1), new()); // [C, N]
            for (var i = 0; i < 20; i++)
            {
                var point = images + (((rand_like(images) * 2) - 1) * 0.05).sign() * 0.05;
                Assert.True((loaded.Network.call(point.to(ScalarType.Float32)).t() - lower).amin().item<double>() > -1e-4);
            }

            // No constant is known of a minimum: none is claimed.
            var error = Assert.Throws<NotSupportedException>(() => LipschitzBounds.Compute(loaded.Network, new(3, Size, Size)));
            Assert.Contains("clamp' is a Min", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_backdoor_is_weakened_and_most_clean_decisions_stay_right()
    {
        var data = SyntheticShapes.Create(1000, 300);
        using var network = new FastNet(new() { Width = 8 });
        var poisoned = Enumerable.Range(0, data.Train.Count).Where(i => i % 9 == 0 && data.Train.Labels[i] != Target).ToArray();
        var train = ImageSet.Concat(data.Train, Triggered(data.Train, poisoned));
        network.Whiten(train);
        MarginTrainer.Train(network, train, TrainingOptions.Fast with
        {
            Epochs = 6,
            InitialSize = null,
            BatchSize = 32,
            Augment = false,
            Loss = MarginLoss.CrossEntropy,
            Temperature = 1,
        });
        var (clean, test) = (data.Test.Select([.. Enumerable.Range(0, 100)]), data.Test.Select([.. Enumerable.Range(100, 200)]));
        var attacked = Triggered(test, [.. Enumerable.Range(0, test.Count).Where(i => test.Labels[i] != Target)]);
        var clamp = ActivationClamp.Learn(network, clean, new() { BatchSize = 50, LearningRate = 0.02, Epochs = 30 });
        using var clamped = clamp.Network;
        var (success, accuracy) = (Share(network, attacked), Share(network, test));
        Assert.InRange(success, 0.8, 1);
        Assert.InRange(Share(clamped, attacked), 0, success / 2);
        Assert.InRange(Share(clamped, test), accuracy - 0.1, 1);
    }

    [Fact]
    public void It_leaves_the_network_as_it_was_and_no_tensor_behind()
    {
        using var network = new FastNet(new() { Width = 4 });
        network.train();
        ActivationClamp Learn() => ActivationClamp.Learn(network, Clean, Short with { Epochs = 2 });

        using var folder = new TemporaryFolder();
        using (var model = new MarginModel(Learn().Network, SyntheticShapes.ClassNames, (Size, Size)))
        {
            model.Save(folder["m.pt"]);
        }

        // TorchSharp leaves some tensors of a network that was disposed: as many here as of one that was read.
        var read = LiveTensors.LeftBy(() => MarginModel.Load(folder["m.pt"]).Dispose());
        Assert.Equal(read, LiveTensors.LeftBy(() => Learn().Network.Dispose()));
        Assert.True(network.training);
        Assert.All(network.parameters(), parameter => Assert.True(parameter.grad is null));
    }

    [Fact]
    public void A_network_without_activations_to_clamp_and_options_out_of_range_are_refused()
    {
        using var network = new FastNet(new() { Width = 4 });
        Assert.Throws<ArgumentOutOfRangeException>(() => ActivationClamp.Learn(network, Clean, new() { LeastKept = 1.1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ActivationClamp.Learn(network, Clean, new() { LearningRate = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ActivationClamp.Learn(network, Clean.Take(0)));
        using var smooth = new OrthogonalNet(new() { Width = 4 });
        var error = Assert.Throws<NotSupportedException>(() => ActivationClamp.Learn(smooth, Clean));
        Assert.Contains("nothing to clamp", error.Message, StringComparison.Ordinal);
    }

    private static double Share(Classifier network, ImageSet images) =>
        network.Score(images).Decisions().Item1.Zip(images.Labels.ToArray()).Average(pair => pair.First == pair.Second ? 1.0 : 0.0);

    /// <summary>Images with a chequered square in a corner, labelled as the target.</summary>
    private static ImageSet Triggered(ImageSet images, int[] indices)
    {
        var pixels = indices.SelectMany(i => images.Pixels(i).ToArray()).ToArray();
        for (var i = 0; i < pixels.Length; i++)
        {
            var (row, column) = (i / Size % Size, i % Size);
            if (row is >= 28 and < 31 && column is >= 28 and < 31)
            {
                pixels[i] = (row + column) % 2 == 0 ? byte.MaxValue : byte.MinValue;
            }
        }

        return ImageSet.Create(pixels, [.. indices.Select(_ => Target)], 3, Size, Size);
    }
}

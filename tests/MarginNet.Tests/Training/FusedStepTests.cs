using MarginNet.Native;
using MarginNet.Training;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class FusedStepTests
{
    [Fact]
    public void This_LibTorch_exports_the_way_to_it() => Assert.True(TorchDispatcher.CanCall);

    [Theory]
    [InlineData(OptimizerKind.Sgd, 0)]
    [InlineData(OptimizerKind.Sgd, 1e-2)]
    [InlineData(OptimizerKind.Adam, 0)]
    [InlineData(OptimizerKind.Adam, 1e-2)]
    [InlineData(OptimizerKind.AdamW, 1e-2)]
    public void It_moves_weights_and_memory_as_TorchSharp_does(OptimizerKind kind, double weightDecay)
    {
        using var scope = NewDisposeScope();
        var options = new TrainingOptions
        {
            Optimizer = kind,
            LearningRate = 1e-2,
            WeightDecay = weightDecay,
            BiasRateFactor = kind == OptimizerKind.Sgd ? 4 : 1,
        };
        var (plain, fused) = (Network(), Network());
        using var plainOptimizer = options.Create(plain);
        using var fusedOptimizer = options.Create(fused);
        var step = FusedStep.Create(fusedOptimizer)!;
        for (var i = 0; i < 6; i++)
        {
            plainOptimizer.SetRate(1.0 / (i + 1));
            fusedOptimizer.SetRate(1.0 / (i + 1));
            SetGradients(plain, i);
            SetGradients(fused, i);
            plainOptimizer.step();
            step.Run();
        }

        foreach (var (expected, found) in plain.parameters().Zip(fused.parameters()))
        {
            Assert.True(found.allclose(expected, 1e-5, 1e-6));
        }

        foreach (var (expected, found) in Memory(plainOptimizer).Zip(Memory(fusedOptimizer)))
        {
            Assert.True(found.allclose(expected, 1e-5, 1e-6));
        }
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd)]
    [InlineData(OptimizerKind.Adam)]
    public void Training_with_it_ends_where_training_without_it_does(OptimizerKind kind)
    {
        var images = TinyProblem.Images(60);
        double Loss(bool isFused)
        {
            using var network = TinyProblem.Network();
            var options = new TrainingOptions { Optimizer = kind, LearningRate = 1e-2, TargetMargin = 2, Epochs = 5, FusedSteps = isFused };
            return MarginTrainer.Train(network, images, options).History[^1].Loss;
        }

        Assert.Equal(Loss(isFused: false), Loss(isFused: true), 1e-4);
    }

    /// <summary>Two layers with biases; the second one's weight comes to its first gradient late, and the last has none.</summary>
    private static Sequential Network()
    {
        manual_seed(2);
        return nn.Sequential(nn.Linear(7, 33), nn.Linear(33, 5), nn.Linear(5, 2));
    }

    private static void SetGradients(nn.Module network, int step)
    {
        manual_seed(step);
        foreach (var (name, weight) in network.named_parameters())
        {
            var gradient = randn_like(weight).detach();
            weight.grad = name.StartsWith('2') || (name == "1.weight" && step < 2) ? null : gradient;
        }
    }

    private static IEnumerable<Tensor> Memory(OptimizerHelper optimizer) => optimizer.state_dict().State.SelectMany(memory => memory switch
    {
        SGD.State sgd => new[] { sgd.momentum_buffer },
        Adam.State adam => [adam.exp_avg, adam.exp_avg_sq, tensor(adam.step)],
        AdamW.State adam => [adam.exp_avg, adam.exp_avg_sq, tensor(adam.step)],
        _ => [],
    }).Where(each => each is not null);
}

using MarginNet.Checkpoints;
using MarginNet.Data;
using MarginNet.Losses;
using MarginNet.Models;
using MarginNet.Native;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class KernelOrderTests
{
    private readonly ImageDataset _shapes = SyntheticShapes.Create(64, 16);

    [Theory]
    [InlineData("resnet18")]
    [InlineData("fastnet")]
    [InlineData("lipnet")]
    public void The_order_changes_neither_weights_nor_scores_and_goes_back(string name)
    {
        using var network = Create(name);
        var (before, scores) = (Bytes(network), network.Score(_shapes.Test));

        KernelOrder.Apply(network, channelsLast: true);

        Assert.All(Kernels(network), kernels => Assert.True(MemoryOrder.IsChannelsLast(kernels)));
        Assert.Equal(before, Bytes(network));
        var inOrder = network.Score(_shapes.Test);
        Assert.All(
            Enumerable.Range(0, scores.Count).SelectMany(i => scores[i].ToArray().Zip(inOrder[i].ToArray())),
            pair => Assert.Equal(pair.First, pair.Second, 1e-4 * (1 + Math.Abs(pair.First))));

        KernelOrder.Apply(network, channelsLast: false);

        Assert.All(Kernels(network), kernels => Assert.True(kernels.is_contiguous()));
        Assert.Equal(before, Bytes(network));
    }

    [Theory]
    [InlineData(OptimizerKind.Sgd, true)]
    [InlineData(OptimizerKind.Sgd, false)]
    [InlineData(OptimizerKind.Adam, true)]
    [InlineData(OptimizerKind.Adam, false)]
    public void Training_moves_the_weights_by_the_same_steps_in_either_order(OptimizerKind optimizer, bool fused)
    {
        float[] Trained(bool channelsLast, int epochs)
        {
            using var network = Create("fastnet");
            KernelOrder.Apply(network, channelsLast);
            if (epochs > 0)
            {
                _ = MarginTrainer.Train(network, _shapes.Train, new()
                {
                    Loss = MarginLoss.ShiftedSoftmax,
                    TargetMargin = 1,
                    Optimizer = optimizer,
                    FusedSteps = fused,
                    Epochs = epochs,
                    BatchSize = 32,
                    LearningRate = 1e-3,
                });
            }

            Assert.All(Kernels(network), kernels => Assert.Equal(channelsLast, MemoryOrder.IsChannelsLast(kernels)));
            return [.. network.parameters().SelectMany(parameter => parameter.detach().contiguous().data<float>().ToArray())];
        }

        var (fresh, expected, actual) = (Trained(false, 0), Trained(false, 1), Trained(true, 1));
        var moved = fresh.Zip(expected).Sum(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(moved > 0);
        Assert.True(expected.Zip(actual).Sum(pair => Math.Abs(pair.First - pair.Second)) < 0.01 * moved);
    }

    [Fact]
    public void On_a_cpu_kernels_lie_row_by_row() => Assert.False(KernelOrder.IsChannelsLast(CPU));

    [CudaFact]
    public void On_a_gpu_kernels_lie_in_the_order_of_the_images_and_on_the_way_back_row_by_row()
    {
        using var network = Create("resnet18");
        var before = Bytes(network);
        network.to(CUDA);
        Assert.All(Kernels(network), kernels => Assert.True(MemoryOrder.IsChannelsLast(kernels)));
        Assert.Equal(before, Bytes(network));
        network.to(CPU);
        Assert.All(Kernels(network), kernels => Assert.True(kernels.is_contiguous()));
        Assert.Equal(before, Bytes(network));
    }

    private static Classifier Create(string name)
    {
        _ = manual_seed(3);
        return name switch
        {
            "resnet18" => new ResNet18(new() { Width = 4 }),
            "fastnet" => new FastNet(new() { Width = 4 }),
            _ => new LipNet(new() { Width = 4 }),
        };
    }

    private static Tensor[] Kernels(Classifier network) =>
        [.. network.parameters().Cast<Tensor>().Concat(network.buffers()).Where(it => it.dim() == 4 && it.shape.Min() > 1)];

    private static byte[][] Bytes(Classifier network) =>
        [.. network.state_dict().Values.Select(value => StoredTensor.FromTensor(value).Data.ToArray())];
}

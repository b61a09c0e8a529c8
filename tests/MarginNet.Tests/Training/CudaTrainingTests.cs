using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Training;

public sealed class CudaTrainingTests
{
    private readonly ImageDataset _shapes = SyntheticShapes.Create(600, 200);

    [CudaFact]
    public void A_network_on_the_gpu_learns_there_and_scores_as_on_the_cpu()
    {
        CudaSettings.AllowTensorFloat32(false);
        using var network = Create();
        network.Whiten(_shapes.Train);
        network.to(CUDA);
        var result = MarginTrainer.Train(
            network, _shapes.Train, TrainingOptions.Fast with { Epochs = 8, BatchSize = 32, LearningRate = 0.1 }, _shapes.Test);
        Assert.Equal(DeviceType.CUDA, network.parameters().First().device.type);
        Assert.True(result.TrainingScores.Accuracy(_shapes.Train.Labels) > 0.5);

        var onGpu = network.Score(_shapes.Test);
        network.cpu();
        var onCpu = network.Score(_shapes.Test);
        for (var i = 0; i < _shapes.Test.Count; i++)
        {
            Assert.All(
                onGpu[i].ToArray().Zip(onCpu[i].ToArray()),
                pair => Assert.Equal(pair.Second, pair.First, 1e-2 * (1 + Math.Abs(pair.Second))));
        }
    }

    [CudaFact]
    public void The_first_step_on_the_gpu_sees_the_same_augmented_images_as_on_the_cpu()
    {
        double LossOn(Device device)
        {
            using var network = Create();
            network.to(device);
            return MarginTrainer.Train(
                network, _shapes.Train.Take(64), TrainingOptions.Fast with { Epochs = 1, BatchSize = 64 }).History[0].Loss;
        }

        Assert.Equal(LossOn(CPU), LossOn(CUDA), 1e-3);
    }

    private static FastNet Create()
    {
        manual_seed(8);
        return new(new() { Width = 16, OutputScale = TrainingOptions.Fast.Temperature });
    }
}

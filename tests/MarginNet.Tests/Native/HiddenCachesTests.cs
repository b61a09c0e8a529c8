using MarginNet.Data;
using MarginNet.Models;
using MarginNet.Native;
using MarginNet.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Native;

public sealed class HiddenCachesTests
{
    [HiddenCachesFact]
    public void The_probe_finds_what_oneDNN_really_computes_wrongly()
    {
        if (Environment.GetEnvironmentVariable("ONEDNN_MAX_CPU_ISA") != "SSE41") // Whose kernels ask for no sizes.
        {
            Assert.False(KernelProbe.Run().AreRight);
        }
    }

    [HiddenCachesFact]
    public void A_network_of_ones_own_runs_without_oneDNN_and_is_told_so_once()
    {
        manual_seed(12);
        using var network =
            nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10));
        var images = SyntheticShapes.Create(20, 10).Train;
        var warnings = 0;
        void Count(object? sender, KernelWarningEventArgs warning) => warnings++;

        NativeKernels.Warned += Count;
        try
        {
            network.Score(images);
            MarginTrainer.Train(network, images, new() { Epochs = 1, BatchSize = 20 });
            Assert.Equal(NativeKernels.Check().AreRight ? 0 : 1, warnings);
        }
        finally
        {
            NativeKernels.Warned -= Count;
        }
    }

    [HiddenCachesFact]
    public void A_network_that_is_really_computed_wrongly_is_scored_rightly()
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        manual_seed(11);
        using var network = nn.Sequential(nn.Conv2d(3, 20, 3), nn.ReLU(), nn.Conv2d(20, 40, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten());
        var images = SyntheticShapes.Create(33, 1).Train;
        var pixels = images.ToTensor([.. Enumerable.Range(0, images.Count)]);
        var plain = network.call(pixels);
        var scores = network.Score(images);
        network.to(ScalarType.Float64);
        var exact = network.call(pixels.to(ScalarType.Float64));
        var scored = tensor(Enumerable.Range(0, scores.Count).SelectMany(i => scores[i].ToArray()).ToArray(), exact.shape);
        Assert.InRange(ConvolutionCase.Difference(exact, scored), 0, 1e-5);
        if (!NativeKernels.Check().Findings[0].IsRight)
        {
            Assert.True(ConvolutionCase.Difference(exact, plain) > 1e-3, "The network called as it is would have done.");
        }
    }
}

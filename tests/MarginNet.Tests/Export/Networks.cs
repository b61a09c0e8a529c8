using MarginNet.Data;
using MarginNet.ModelFiles;
using MarginNet.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MarginNet.Tests.Export;

/// <summary>Untrained networks whose batch-norms have statistics as after training.</summary>
internal static class Networks
{
    /// <summary>Those whose weights plain PyTorch code takes.</summary>
    public static readonly string[] Names = [nameof(ResNet18), nameof(FastNet)];

    public static MarginModel Model(string architecture, double outputScale = 1, bool rectify = false)
    {
        manual_seed(17);
        var images = SyntheticShapes.Create(40, 0).Train;
        var normalization = ChannelStatistics.Compute(images);
        Classifier network = architecture switch
        {
            nameof(FastNet) =>
                new FastNet(new() { Width = 4, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
            nameof(OrthogonalNet) =>
                new OrthogonalNet(new() { Width = 14, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
            nameof(LiResNet) =>
                new LiResNet(new() { Width = 14, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
            nameof(ConvNet) =>
                new ConvNet(new() { Width = 4, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
            nameof(LipNet) => new LipNet(new() { Width = 14, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
            _ => new ResNet18(new() { Width = 4, OutputScale = outputScale, Rectify = rectify, Normalization = normalization }),
        };
        (network as FastNet)?.Whiten(images);
        Vary(network);
        return new(network, SyntheticShapes.ClassNames, (32, 32));
    }

    /// <summary>Draws the statistics and factors of every batch-norm, and sets evaluation mode.</summary>
    public static void Vary(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        foreach (var normalization in network.modules().OfType<BatchNorm>())
        {
            normalization.running_mean!.normal_(0, 0.3);
            normalization.running_var!.uniform_(0.5, 1.5);
            normalization.weight!.uniform_(0.5, 1.5);
            normalization.bias!.normal_(0, 0.3);
        }

        network.eval();
    }

    public static float[] Scores(nn.Module<Tensor, Tensor> network, Tensor images)
    {
        using var scope = NewDisposeScope();
        using var inference = no_grad();
        return network.call(images).data<float>().ToArray();
    }

    /// <summary>Compares to 1e-5 of the largest score, or of 1 where that is larger.</summary>
    public static void AssertSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = 0;
        double difference = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            difference = Math.Max(difference, Math.Abs(expected[i] - actual[i]));
        }

        Assert.True(largest > 1e-3, "The scores are all about 0, so that comparing them shows nothing.");
        Assert.InRange(difference, 0, 1e-5 * Math.Max(1, largest));
    }
}

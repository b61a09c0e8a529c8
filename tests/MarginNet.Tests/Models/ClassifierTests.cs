using MarginNet.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

/// <summary>Laws of every architecture.</summary>
public sealed class ClassifierTests
{
    public static TheoryData<string> Architectures =>
        [nameof(ResNet18), nameof(FastNet), nameof(LipNet), nameof(OrthogonalNet), nameof(LiResNet), nameof(ConvNet)];

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Rectified_scores_are_never_negative(string architecture)
    {
        using var free = Create(architecture);
        using var rectified = Create(architecture, rectify: true);
        rectified.load_state_dict(free.state_dict());
        using var images = rand(16, 3, 32, 32);
        using var scores = free.forward(images);
        using var expected = scores.relu();
        using var actual = rectified.forward(images);
        Assert.True(scores.min().item<float>() < 0);
        Assert.True(actual.Equals(expected));
    }

    /// <summary>The device that has shapes and no numbers, nor convolutions, stands for a GPU.</summary>
    [Theory]
    [MemberData(nameof(Architectures))]
    public void It_goes_to_another_device_as_a_whole(string architecture)
    {
        using var scope = NewDisposeScope();
        using var network = Create(architecture);
        var names = network.state_dict().Keys;
        network.to(META);
        Assert.Equal(names, network.state_dict().Keys);
        Assert.All(network.state_dict().Values, tensor => Assert.Equal(DeviceType.META, tensor.device.type));
        var normalize = network.named_children().Single(child => child.name == "normalize").module;
        Assert.Equal(DeviceType.META, ((nn.Module<Tensor, Tensor>)normalize).call(zeros([2, 3, 32, 32], device: META)).device.type);
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Its_scores_are_proportional_to_the_output_scale(string architecture)
    {
        using var plain = Create(architecture);
        using var scaled = Create(architecture, outputScale: 16);
        scaled.load_state_dict(plain.state_dict());
        using var images = rand(4, 3, 32, 32);
        using var expected = plain.forward(images) * 16;
        using var actual = scaled.forward(images);
        Assert.True(actual.Equals(expected));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void A_sample_does_not_influence_another_in_evaluation_mode(string architecture)
    {
        using var network = Create(architecture);
        network.eval();
        using var images = rand(4, 3, 32, 32);
        using var together = network.forward(images);
        using var alone = network.forward(images[TensorIndex.Slice(2, 3)]);
        Assert.True(together[TensorIndex.Slice(2, 3)].allclose(alone, 1e-5, 1e-6));
    }

    [Theory]
    [MemberData(nameof(Architectures))]
    public void It_can_be_moved_to_another_type_and_so_to_a_device(string architecture)
    {
        using var network = Create(architecture);
        network.eval();
        using var images = rand(2, 3, 32, 32);
        using var expected = network.forward(images);
        network.to(ScalarType.Float64);
        using var precise = images.to(ScalarType.Float64);
        using var actual = network.forward(precise);
        Assert.Equal(ScalarType.Float64, actual.dtype);
        using var rounded = actual.to(ScalarType.Float32);
        Assert.True(rounded.allclose(expected, 1e-3, 1e-4));
    }

    private static Classifier Create(string architecture, bool rectify = false, double outputScale = 1)
    {
        manual_seed(7);
        return architecture switch
        {
            nameof(FastNet) => new FastNet(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
            nameof(OrthogonalNet) => new OrthogonalNet(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
            nameof(LiResNet) => new LiResNet(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
            nameof(ConvNet) => new ConvNet(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
            nameof(LipNet) => new LipNet(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
            _ => new ResNet18(new() { Width = 4, Rectify = rectify, OutputScale = outputScale }),
        };
    }
}

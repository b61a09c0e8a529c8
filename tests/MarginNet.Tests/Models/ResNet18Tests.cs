using MarginNet.Data;
using MarginNet.Models;
using static TorchSharp.torch;

namespace MarginNet.Tests.Models;

public sealed class ResNet18Tests
{
    private static readonly ResNetOptions Small = new() { Width = 4 };

    [Fact]
    public void The_default_has_the_parameter_count_of_the_published_network()
    {
        // torchvision's resnet18 with 10 classes has 11,181,642 parameters, of which its 7×7 stem has 9,408 and a 3×3 stem 1,728.
        using var network = new ResNet18();
        Assert.Equal(11_181_642 - 9_408 + 1_728, network.parameters().Sum(parameter => parameter.numel()));
    }

    [Fact]
    public void Its_state_dict_has_the_names_of_torchvision()
    {
        using var network = new ResNet18(Small);
        var names = network.state_dict().Keys.ToHashSet();
        Assert.Equal(122, names.Count); // As torchvision.models.resnet18().state_dict() has.
        string[] some =
        [
            "conv1.weight", "bn1.running_mean", "bn1.num_batches_tracked", "layer1.0.conv1.weight", "layer1.1.bn2.bias",
            "layer2.0.downsample.0.weight", "layer4.0.downsample.1.running_var", "layer4.1.conv2.weight", "fc.weight", "fc.bias",
        ];
        Assert.Subset(names, some.ToHashSet());
    }

    [Fact]
    public void Normalisation_is_part_of_the_network()
    {
        manual_seed(1);
        var shifted = new ChannelStatistics([0.5, 0.25, 0.125], [0.5, 0.5, 0.25]);
        using var normalizing = new ResNet18(Small with { Normalization = shifted });
        using var plain = new ResNet18(Small with { Normalization = new([0, 0, 0], [1, 1, 1]) });
        plain.load_state_dict(normalizing.state_dict());
        normalizing.eval();
        plain.eval();
        using var images = rand(2, 3, 32, 32);
        using var mean = tensor(new[] { 0.5f, 0.25f, 0.125f }).reshape(1, 3, 1, 1);
        using var deviation = tensor(new[] { 0.5f, 0.5f, 0.25f }).reshape(1, 3, 1, 1);
        using var expected = plain.forward((images - mean) / deviation);
        using var actual = normalizing.forward(images);
        Assert.True(actual.allclose(expected, 1e-5, 1e-5));
    }

    [Theory]
    [InlineData(0, 10)]
    [InlineData(16, 1)]
    public void A_network_without_channels_or_rivals_is_refused(int width, int classes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResNet18(new() { Width = width, ClassCount = classes }));
}
